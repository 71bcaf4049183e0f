/** Names for what the server answers. It fills in every field, also those that its description lets a client leave out. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Status = Schemas['Status'];
export type Cause = Schemas['Cause'];
export type DispatchInfo = Required<Schemas['DispatchInfo']>;
export type DispatchView = Required<Schemas['DispatchView']>;
export type TaskInfo = Required<Schemas['TaskInfo']>;
export type TaskView = Required<Schemas['TaskView']>;
export type AttemptView = Required<Schemas['AttemptView']>;
export type OutcomeView = Required<Schemas['OutcomeView']>;
export type Event = Required<Schemas['Event']>;
export type Graph = Required<Schemas['Graph']>;
export type ExecutorView = Schemas['ExecutorView'];
export type ExecutorTaskView = Schemas['ExecutorTaskView'];
export type ExecutorFailureView = Schemas['ExecutorFailureView'];
export type Health = Schemas['Health'];
