/** Messages that arrive at the sink's process, which is asked how many there are. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Load } from '../load/load.ts';
import { pause } from '../subject/child.ts';
import { PATIENCE_MS } from './arrival.ts';
import type { Arrival } from './arrival.ts';
import type { SinkAnswer, SinkQuestion, Taken } from './sink-process.ts';

const ASK_EVERY_MS = 5;

/** A sink that runs. */
export interface SinkArrival extends Arrival {
  readonly port: number;
  readonly pid: number;
  /** How much came since the last check. */
  taken(): Promise<Taken>;
}

/** Starts one, on the port where one is given. @throws Error */
export async function startSink(
  setting: Pick<Load, 'messageBytes' | 'roundTripMs'> & { readonly port?: number },
): Promise<SinkArrival> {
  const facts = [setting.messageBytes, setting.roundTripMs, setting.port ?? 0].map(String);
  const child = fork(process.argv[1] ?? '', ['serve-sink', ...facts], {
    serialization: 'advanced',
  });
  const first = await answerOf(child);
  if (first.kind !== 'listening') throw new Error('the sink does not listen');
  const ask = (question: SinkQuestion): Promise<SinkAnswer> => {
    const answer = answerOf(child);
    child.send(question);
    return answer;
  };
  const taken = async (): Promise<Taken> => {
    const answer = await ask({ kind: 'taken' });
    if (answer.kind !== 'taken') throw new Error('the sink does not answer');
    return answer;
  };
  return {
    port: first.port,
    pid: child.pid ?? 0,
    taken,
    // It knows them anyway.
    listen: () => undefined,
    async reached(deliveries) {
      let last = { count: -1, at: Date.now() };
      for (;;) {
        const { deliveries: count } = await taken();
        if (count >= deliveries) return;
        if (count > last.count) last = { count, at: Date.now() };
        if (Date.now() - last.at > PATIENCE_MS)
          throw new Error(`${count} of ${deliveries} messages arrived at the sink`);
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
