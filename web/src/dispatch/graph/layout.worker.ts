import { layOut } from '../logic/layout';
import type { LayoutAnswer, LayoutRequest } from './layoutClient';

self.onmessage = ({ data }: MessageEvent<LayoutRequest>) => {
  const answer: LayoutAnswer = { id: data.id, layout: layOut(data.scene, data.direction) };
  self.postMessage(answer);
};
