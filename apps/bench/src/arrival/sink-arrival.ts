/** Messages that arrive at the sink's process, which is asked how many there are. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { pause } from '../subject/child.ts';
import { PATIENCE_MS } from './arrival.ts';
import type { Arrival } from './arrival.ts';
import type { SinkAnswer, SinkQuestion } from './sink-process.ts';

const ASK_EVERY_MS = 5;

/** A sink that runs. */
export interface SinkArrival extends Arrival {
  readonly port: number;
}

/** Starts one. @throws Error */
export async function startSink(messageBytes: number): Promise<SinkArrival> {
  const child = fork(process.argv[1] ?? '', ['serve-sink', String(messageBytes)]);
  const first = await answerOf(child);
  if (first.kind !== 'listening') throw new Error('the sink does not listen');
  const ask = (question: SinkQuestion): Promise<SinkAnswer> => {
    const answer = answerOf(child);
    child.send(question);
    return answer;
  };
  return {
    port: first.port,
    async reached(messages) {
      let last = { taken: -1, at: Date.now() };
      for (;;) {
        const answer = await ask({ kind: 'taken' });
        const taken = answer.kind === 'taken' ? answer.messages : 0;
        if (taken >= messages) return;
        if (taken > last.taken) last = { taken, at: Date.now() };
        if (Date.now() - last.at > PATIENCE_MS)
          throw new Error(`${taken} of ${messages} messages arrived at the sink`);
        await pause(ASK_EVERY_MS);
      }
    },
    async check(run) {
      const answer = await ask({ kind: 'check', run });
      if (answer.kind !== 'found') throw new Error('the sink does not answer');
      return answer.findings;
    },
    stop() {
      child.disconnect();
      return Promise.resolve();
    },
  };
}

function answerOf(child: ChildProcess): Promise<SinkAnswer> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the sink has ended'));
    child.once('exit', gone);
    child.once('message', (answer: SinkAnswer) => {
      child.off('exit', gone);
      resolve(answer);
    });
  });
}
