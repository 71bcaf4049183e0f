// Made by 'npm run types' from the server's OpenAPI document.
export interface paths {
    "/api/v1/dispatches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Dispatches
         * @description Dispatches, newest first, without those that sublattices run as.
         */
        get: operations["dispatches_api_v1_dispatches_get"];
        put?: never;
        /**
         * Submit
         * @description Store a dispatch and start it.
         */
        post: operations["submit_api_v1_dispatches_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Dispatch
         * @description A dispatch with its counts of tasks as of now.
         */
        get: operations["dispatch_api_v1_dispatches__dispatch_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete
         * @description Delete a dispatch that has ended, with its sublattices, values and logs.
         */
        delete: operations["delete_api_v1_dispatches__dispatch_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Graph
         * @description The traced workflow: nodes, edges, sources; no values.
         */
        get: operations["graph_api_v1_dispatches__dispatch_id__graph_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start
         * @description Start a dispatch that was submitted without being started.
         */
        post: operations["start_api_v1_dispatches__dispatch_id__start_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/redispatch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redispatch
         * @description Run a dispatch again, as it was: the same tasks with the same arguments.
         */
        post: operations["redispatch_api_v1_dispatches__dispatch_id__redispatch_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel
         * @description Cancel a dispatch, or some of its tasks.
         */
        post: operations["cancel_api_v1_dispatches__dispatch_id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events
         * @description The history of a dispatch, oldest first.
         */
        get: operations["events_api_v1_dispatches__dispatch_id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream
         * @description Follow a dispatch until it has ended, as server-sent events.
         */
        get: operations["stream_api_v1_dispatches__dispatch_id__stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream All
         * @description Learn that some dispatch has moved, as server-sent events; the stream does not end by itself.
         */
        get: operations["stream_all_api_v1_stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Why
         * @description Why a dispatch or a task waits, failed or was tried again, in a sentence.
         */
        get: operations["why_api_v1_dispatches__dispatch_id__why_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tasks
         * @description The tasks of a dispatch, in order of their numbers.
         */
        get: operations["tasks_api_v1_dispatches__dispatch_id__tasks_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/tasks/{node_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Task
         * @description A task with all its attempts, as far as what lies elsewhere can be read.
         */
        get: operations["task_api_v1_dispatches__dispatch_id__tasks__node_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/tasks/{node_id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Log
         * @description What an attempt wrote, also while it runs. ``X-Log-Next`` is the next offset; ``X-Log-Complete`` says if that is the end.
         */
        get: operations["log_api_v1_dispatches__dispatch_id__tasks__node_id__log_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/objects/{digest}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put Object
         * @description Store a large value ahead of the dispatch that needs it; of any size, in pieces.
         */
        put: operations["put_object_api_v1_objects__digest__put"];
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Has Object
         * @description Whether a large value is there, undamaged.
         */
        head: operations["has_object_api_v1_objects__digest__head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispatches/{dispatch_id}/bundle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Bundle
         * @description A pickled value with everything that it refers to.
         */
        get: operations["bundle_api_v1_dispatches__dispatch_id__bundle_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/executors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Executors
         * @description Every executor that is installed here or was used of late.
         */
        get: operations["executors_api_v1_executors_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/previews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keep
         * @description Keep a traced workflow in memory for a day, to be looked at; nothing of it runs.
         */
        post: operations["keep_api_v1_previews_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/previews/{preview_id}/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Graph
         * @description The traced workflow: nodes, edges, sources; no values.
         */
        get: operations["graph_api_v1_previews__preview_id__graph_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ticket
         * @description Get a ticket with which a browser can sign in, once and soon. Only for those who have the token.
         */
        post: operations["ticket_api_v1_tickets_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign In
         * @description Sign a browser in: a ticket or the token becomes a cookie, and a key to be sent with it. Needs neither before.
         *
         *     A browser that is signed in already stays so, whatever it shows.
         */
        post: operations["sign_in_api_v1_session_post"];
        /**
         * Sign Out
         * @description Sign the browser out.
         */
        delete: operations["sign_out_api_v1_session_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health
         * @description That the server answers, and which one it is.
         */
        get: operations["health_api_v1_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** AttemptView */
        AttemptView: {
            /** Attempt */
            attempt: number;
            /** Group Id */
            group_id: string;
            /** Submitted At */
            submitted_at: number;
            status: components["schemas"]["Status"];
            /** Retried */
            retried: boolean;
            outcome: components["schemas"]["OutcomeView"] | null;
            /**
             * Missing
             * @description Why logs and measurements could not be read, if they could not.
             * @default
             */
            missing: string;
        };
        /** CancelRequest */
        CancelRequest: {
            /**
             * Task Ids
             * @description Tasks to cancel; null for the whole dispatch.
             */
            task_ids?: number[] | null;
        };
        /**
         * Cause
         * @description Why an attempt ended without a result.
         * @enum {string}
         */
        Cause: "USER" | "TIMEOUT" | "OUT_OF_MEMORY" | "PREEMPTED" | "HOST" | "IMAGE" | "ENVIRONMENT" | "CONFIG" | "QUOTA" | "CANCELLED" | "LOST" | "UPSTREAM" | "UNKNOWN";
        /** Detail */
        Detail: {
            /**
             * Type
             * @description The class of the error.
             */
            type: string;
            /**
             * Message
             * @description What happened, to what, and what to do.
             */
            message: string;
        };
        /**
         * DispatchInfo
         * @description A dispatch as lists and pages show it.
         */
        DispatchInfo: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            status: components["schemas"]["Status"];
            /** Created At */
            created_at: number;
            /** Started At */
            started_at?: number | null;
            /** Ended At */
            ended_at?: number | null;
            /**
             * Error
             * @default
             */
            error: string;
            /** Parent Id */
            parent_id?: string | null;
            /** Parent Node */
            parent_node?: number | null;
            /**
             * Root Id
             * @default
             */
            root_id: string;
            /** Redispatch Of */
            redispatch_of?: string | null;
            /**
             * Reuse
             * @default false
             */
            reuse: boolean;
            /**
             * Tasks
             * @default 0
             */
            tasks: number;
            /** Counts */
            counts?: {
                [key: string]: number;
            };
            /**
             * Not Run
             * @default 0
             */
            not_run: number;
            /**
             * Executors
             * @default []
             */
            executors: string[];
        };
        /**
         * DispatchView
         * @description A dispatch as its own page shows it.
         */
        DispatchView: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            status: components["schemas"]["Status"];
            /** Created At */
            created_at: number;
            /** Started At */
            started_at: number | null;
            /** Ended At */
            ended_at: number | null;
            /** Error */
            error: string;
            /** Parent Id */
            parent_id: string | null;
            /** Parent Node */
            parent_node: number | null;
            /** Root Id */
            root_id: string;
            /** Redispatch Of */
            redispatch_of: string | null;
            /** Reuse */
            reuse: boolean;
            /** Tasks */
            tasks: number;
            /**
             * Counts
             * @description Tasks by status.
             */
            counts: {
                [key: string]: number;
            };
            /**
             * Not Run
             * @description Of those that are FAILED, how many never ran, because of others.
             */
            not_run: number;
            /**
             * Executors
             * @description Short names of those that its tasks run on.
             */
            executors: string[];
            /**
             * Arguments Preview
             * @description The arguments of the lattice, as bounded text.
             */
            arguments_preview?: string | null;
            /**
             * Result Preview
             * @description What it returned, as bounded text.
             */
            result_preview?: string | null;
        };
        /**
         * Environment
         * @description What must be there before a task's function runs.
         */
        Environment: {
            /**
             * Pip
             * @default []
             */
            pip: string[];
            /**
             * Bash
             * @default []
             */
            bash: string[];
            /** Hooks */
            hooks?: string | null;
            /**
             * Inner Pip
             * @default []
             */
            inner_pip: string[];
            /**
             * Local State
             * @default
             */
            local_state: string;
        };
        /**
         * Event
         * @description One line of a dispatch's history. ``node_id`` is None for the dispatch itself.
         */
        Event: {
            /** Seq */
            seq: number;
            /** Dispatch Id */
            dispatch_id: string;
            /** Node Id */
            node_id: number | null;
            /** Attempt */
            attempt: number;
            status: components["schemas"]["Status"];
            /** At */
            at: number;
            cause?: components["schemas"]["Cause"] | null;
            /**
             * Detail
             * @default
             */
            detail: string;
        };
        /**
         * EventPage
         * @description Events of a dispatch, oldest first.
         */
        EventPage: {
            /** Items */
            items: components["schemas"]["Event"][];
            /**
             * Next
             * @description What to pass to get the next page; null at the end.
             */
            next: number | string | null;
        };
        /**
         * ExecutorFailureView
         * @description A task that failed on an executor.
         */
        ExecutorFailureView: {
            /** Dispatch Id */
            dispatch_id: string;
            /** Dispatch Name */
            dispatch_name: string;
            /** Node Id */
            node_id: number;
            /** Name */
            name: string;
            /** At */
            at: number | null;
            cause: components["schemas"]["Cause"] | null;
            /** Message */
            message: string;
        };
        /**
         * ExecutorSpec
         * @description An executor by its short name and what was set on it, as plain JSON.
         */
        ExecutorSpec: {
            /** Name */
            name: string;
            /** Options */
            options?: {
                [key: string]: unknown;
            };
        };
        /**
         * ExecutorTaskView
         * @description A task that an executor has now.
         */
        ExecutorTaskView: {
            /** Dispatch Id */
            dispatch_id: string;
            /** Dispatch Name */
            dispatch_name: string;
            /** Node Id */
            node_id: number;
            /** Name */
            name: string;
            status: components["schemas"]["Status"];
            /** Attempt */
            attempt: number;
            /** Submitted At */
            submitted_at: number | null;
            /** Started At */
            started_at: number | null;
        };
        /** ExecutorView */
        ExecutorView: {
            /**
             * Name
             * @description Its short name, as tasks give it.
             */
            name: string;
            /** Class Name */
            class_name: string;
            /**
             * About
             * @description What it does, in a sentence or two.
             */
            about: string;
            /**
             * Problem
             * @description Why it cannot be used here; empty if it can.
             */
            problem: string;
            /**
             * Settings
             * @description What the configuration sets for it, without what may be a secret.
             */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Counts
             * @description Tasks that it has or is about to be handed, by status.
             */
            counts: {
                [key: string]: number;
            };
            /**
             * Groups
             * @description Task groups that are out.
             */
            groups: number;
            /**
             * Tasks
             * @description Some of the tasks that it has now, those first that run.
             */
            tasks: components["schemas"]["ExecutorTaskView"][];
            /**
             * Median Wait S
             * @description From being handed over to the start, of tasks of late.
             */
            median_wait_s: number | null;
            /**
             * Failures
             * @description Tasks of late that failed on it, the last first.
             */
            failures: components["schemas"]["ExecutorFailureView"][];
        };
        /** FailureView */
        FailureView: {
            /** Type */
            type: string;
            /** Message */
            message: string;
            /** Traceback */
            traceback: string;
            /** Has Pickle */
            has_pickle: boolean;
        };
        /** Function */
        Function: {
            /** Name */
            name: string;
            /** Digest */
            digest: string;
            /**
             * Source
             * @default
             */
            source: string;
        };
        /**
         * Graph
         * @description A traced workflow. Node ids are in topological order except where ``ct.wait`` says otherwise.
         */
        Graph: {
            /** Name */
            name: string;
            /** Nodes */
            nodes: components["schemas"]["Node"][];
            /** Functions */
            functions: components["schemas"]["Function"][];
            /** Environments */
            environments: components["schemas"]["Environment"][];
            /** Executors */
            executors: components["schemas"]["ExecutorSpec"][];
            /** Output */
            output: string;
            /**
             * Output Inputs
             * @default []
             */
            output_inputs: number[];
            /**
             * Output Constants
             * @default []
             */
            output_constants: string[];
            /** Lattice */
            lattice?: string | null;
            /** Arguments */
            arguments?: string | null;
            /**
             * Arguments Constants
             * @default []
             */
            arguments_constants: string[];
            /**
             * Source
             * @default
             */
            source: string;
            /**
             * Cwd
             * @default
             */
            cwd: string;
            /**
             * Python
             * @default
             */
            python: string;
            /**
             * Arguments Preview
             * @default
             */
            arguments_preview: string;
            /**
             * Result Preview
             * @default
             */
            result_preview: string;
            /**
             * Result Marks
             * @default []
             */
            result_marks: components["schemas"]["Mark"][];
            /**
             * Version
             * @default 1
             */
            version: number;
        };
        /** Health */
        Health: {
            /** Version */
            version: string;
            /** Python */
            python: string;
            /** Executable */
            executable: string;
            /** Pid */
            pid: number;
            /** Data Dir */
            data_dir: string;
            /** Address */
            address: string;
            /** Started At */
            started_at: number;
        };
        /** Kept */
        Kept: {
            /** Id */
            id: string;
        };
        /**
         * Mark
         * @description Where a preview has a mark in place of a task's value.
         */
        Mark: {
            /** Start */
            start: number;
            /** End */
            end: number;
            /** Node Id */
            node_id: number;
        };
        /** Message */
        Message: {
            /** Message */
            message: string;
        };
        /**
         * Node
         * @description A task of a graph. Its id is its index in ``Graph.nodes``; the numbers below index the graph's other tuples.
         */
        Node: {
            /** Name */
            name: string;
            /** Function */
            function: number;
            /** Args */
            args: string;
            /**
             * Executor
             * @default 0
             */
            executor: number;
            /**
             * Environment
             * @default 0
             */
            environment: number;
            /**
             * Inputs
             * @default []
             */
            inputs: number[];
            /**
             * Constants
             * @default []
             */
            constants: string[];
            /**
             * After
             * @default []
             */
            after: number[];
            /** @default task */
            kind: components["schemas"]["NodeKind"];
        };
        /**
         * NodeKind
         * @enum {string}
         */
        NodeKind: "task" | "sublattice";
        /** OutcomeView */
        OutcomeView: {
            status: components["schemas"]["Status"];
            cause: components["schemas"]["Cause"] | null;
            /** Message */
            message: string;
            failure: components["schemas"]["FailureView"] | null;
            /** Started At */
            started_at: number | null;
            /** Ended At */
            ended_at: number | null;
            /** Exit Code */
            exit_code: number | null;
            /** Peak Memory Mib */
            peak_memory_mib: number | null;
            /** Cpu S */
            cpu_s: number | null;
            /** Place */
            place: string;
            /** Stdout Size */
            stdout_size: number;
            /** Stderr Size */
            stderr_size: number;
        };
        /** Page[DispatchInfo] */
        Page_DispatchInfo_: {
            /** Items */
            items: components["schemas"]["DispatchInfo"][];
            /**
             * Next
             * @description What to pass to get the next page; null at the end.
             */
            next: number | string | null;
        };
        /** Page[TaskInfo] */
        Page_TaskInfo_: {
            /** Items */
            items: components["schemas"]["TaskInfo"][];
            /**
             * Next
             * @description What to pass to get the next page; null at the end.
             */
            next: number | string | null;
        };
        /** Problem */
        Problem: {
            error: components["schemas"]["Detail"];
        };
        /** Purged */
        Purged: {
            /** Dispatches */
            dispatches: number;
        };
        /** RedispatchRequest */
        RedispatchRequest: {
            /**
             * Reuse
             * @description Take the values of tasks that completed: they are the same, with the same inputs.
             * @default false
             */
            reuse: boolean;
        };
        /**
         * Requested
         * @description What an executor asks for, for each task; None where it does not say.
         */
        Requested: {
            /** Cpus */
            cpus?: number | null;
            /** Memory Mib */
            memory_mib?: number | null;
            /** Gpus */
            gpus?: number | null;
            /** Time Limit S */
            time_limit_s?: number | null;
        };
        /** Sentence */
        Sentence: {
            /** Sentence */
            sentence: string;
        };
        /** SignIn */
        SignIn: {
            /**
             * Ticket
             * @description As `POST /tickets` answers it.
             */
            ticket?: string | null;
            /**
             * Token
             * @description The server's token, in place of a ticket.
             */
            token?: string | null;
        };
        /** SignedIn */
        SignedIn: {
            /**
             * Key
             * @description To be sent with the cookie, in `X-Covalent-Key`; null for a browser that is signed in already.
             */
            key: string | null;
        };
        /**
         * Status
         * @description Where a task or a dispatch stands. Equal to its name as a string.
         * @enum {string}
         */
        Status: "NEW_OBJECT" | "READY" | "SUBMITTED" | "STARTING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED";
        /** Submitted */
        Submitted: {
            /** Dispatch Id */
            dispatch_id: string;
        };
        /**
         * TaskInfo
         * @description A task as lists and pages show it.
         */
        TaskInfo: {
            /** Node Id */
            node_id: number;
            /** Name */
            name: string;
            status: components["schemas"]["Status"];
            /**
             * Attempt
             * @default 0
             */
            attempt: number;
            /** @default task */
            kind: components["schemas"]["NodeKind"];
            /**
             * Executor
             * @default
             */
            executor: string;
            /** Started At */
            started_at?: number | null;
            /** Ended At */
            ended_at?: number | null;
            cause?: components["schemas"]["Cause"] | null;
            /**
             * Message
             * @default
             */
            message: string;
            /** Child Id */
            child_id?: string | null;
            /**
             * Reused
             * @default false
             */
            reused: boolean;
        };
        /** TaskView */
        TaskView: {
            /** Node Id */
            node_id: number;
            /** Name */
            name: string;
            status: components["schemas"]["Status"];
            /** Attempt */
            attempt: number;
            kind: components["schemas"]["NodeKind"];
            /** Executor */
            executor: string;
            /** Started At */
            started_at: number | null;
            /** Ended At */
            ended_at: number | null;
            cause: components["schemas"]["Cause"] | null;
            /** Message */
            message: string;
            /** Child Id */
            child_id: string | null;
            /** Reused */
            reused: boolean;
            /** Attempts */
            attempts: components["schemas"]["AttemptView"][];
            /**
             * Inputs Preview
             * @description Its arguments, as bounded text.
             */
            inputs_preview?: string | null;
            /**
             * Output Preview
             * @description What it returned, as bounded text.
             */
            output_preview?: string | null;
            /**
             * Job Id
             * @description The job of a cloud's service that its last attempt runs as.
             */
            job_id?: string | null;
            /**
             * Console Url
             * @description That job in the console of its cloud.
             */
            console_url?: string | null;
            /** @description What its executor asks for; null where it does not say. */
            requested?: components["schemas"]["Requested"] | null;
        };
        /** Ticket */
        Ticket: {
            /** Ticket */
            ticket: string;
            /** Expires In S */
            expires_in_s: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    dispatches_api_v1_dispatches_get: {
        parameters: {
            query?: {
                /** @description The most items to answer. */
                limit?: number;
                /** @description The id of the last dispatch seen. */
                before?: string | null;
                /** @description Only those in one of these states. */
                status?: components["schemas"]["Status"][] | null;
                /** @description A part of the name or of the id. */
                search?: string;
                /** @description Only those with tasks for it, by its short name. */
                executor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DispatchInfo_"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_api_v1_dispatches_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Becomes the id; a repeated request answers the same dispatch. */
                "idempotency-key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        /** @description A `Submission`, packed with MessagePack. */
        requestBody: {
            content: {
                "application/msgpack": string;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Submitted"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Insufficient Storage */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    dispatch_api_v1_dispatches__dispatch_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DispatchView"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_api_v1_dispatches__dispatch_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Purged"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    graph_api_v1_dispatches__dispatch_id__graph_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Graph"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_api_v1_dispatches__dispatch_id__start_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DispatchInfo"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redispatch_api_v1_dispatches__dispatch_id__redispatch_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Becomes the id; a repeated request answers the same dispatch. */
                "idempotency-key"?: string | null;
            };
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RedispatchRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Submitted"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_api_v1_dispatches__dispatch_id__cancel_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    events_api_v1_dispatches__dispatch_id__events_get: {
        parameters: {
            query?: {
                /** @description The `seq` of the last event seen. */
                after?: number;
                /** @description Only those of one task. */
                node?: number | null;
                /** @description The most items to answer. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stream_api_v1_dispatches__dispatch_id__stream_get: {
        parameters: {
            query?: {
                /** @description The `seq` of the last event seen. */
                after?: number;
                /** @description Send events of tasks too, not only summaries. */
                tasks?: boolean;
            };
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stream_all_api_v1_stream_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    why_api_v1_dispatches__dispatch_id__why_get: {
        parameters: {
            query?: {
                /** @description A task; without it, the dispatch. */
                node?: number | null;
            };
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sentence"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tasks_api_v1_dispatches__dispatch_id__tasks_get: {
        parameters: {
            query?: {
                /** @description The number of the last task seen. */
                after?: number;
                /** @description The most items to answer. */
                limit?: number;
                /** @description Only those in one of these states. */
                status?: components["schemas"]["Status"][] | null;
            };
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TaskInfo_"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    task_api_v1_dispatches__dispatch_id__tasks__node_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
                /** @description The number of a task in its dispatch, from 0. */
                node_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskView"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_api_v1_dispatches__dispatch_id__tasks__node_id__log_get: {
        parameters: {
            query?: {
                stream?: "stdout" | "stderr";
                /** @description Which attempt; the last if absent. */
                attempt?: number | null;
                /** @description The byte to begin at. */
                offset?: number;
                /** @description The most bytes to answer. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
                /** @description The number of a task in its dispatch, from 0. */
                node_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_object_api_v1_objects__digest__put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description SHA-256 of the bytes, in hex. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description It was there already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Insufficient Storage */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    has_object_api_v1_objects__digest__head: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description SHA-256 of the bytes, in hex. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As for other requests, without a body. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As for other requests, without a body. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As for other requests, without a body. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As for other requests, without a body. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As for other requests, without a body. */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    bundle_api_v1_dispatches__dispatch_id__bundle_get: {
        parameters: {
            query?: {
                what?: "result" | "inputs" | "lattice" | "node" | "failure";
                /** @description For `node` and `failure`. */
                node?: number | null;
            };
            header?: never;
            path: {
                /** @description The id of a dispatch, as `POST /dispatches` answers it. */
                dispatch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-covalent-bundle": string;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    executors_api_v1_executors_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecutorView"][];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    keep_api_v1_previews_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A `Graph`, packed with MessagePack. */
        requestBody: {
            content: {
                "application/msgpack": string;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Kept"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    graph_api_v1_previews__preview_id__graph_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As `POST /previews` answers it. */
                preview_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Graph"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ticket_api_v1_tickets_post: {
        parameters: {
            query?: {
                /** @description Seconds in which it can be used. */
                life_s?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_in_api_v1_session_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_out_api_v1_session_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    health_api_v1_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Upgrade Required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
