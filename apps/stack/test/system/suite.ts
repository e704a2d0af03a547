/** Journeys that hold whatever the system is made of: one system for all tests of a suite, in each shape. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { AtEnd, MailSystem, Sections, Shape } from './mail-system.ts';
import { oneProcess } from './one-process.ts';
import { threeProcesses } from './three-processes.ts';

/** In one process, and in three. */
export const SHAPES: readonly Shape[] = [oneProcess, threeProcesses];

/** Describes journeys through systems of this configuration. */
export function describeInEveryShape(
  name: string,
  sections: Sections,
  journeys: (system: () => MailSystem, shape: Shape) => void,
): void {
  describe.each(SHAPES)(`${name} ($name)`, (shape) => {
    const ends: (() => Promise<void>)[] = [];
    const atEnd: AtEnd = (callback) => void ends.unshift(callback);
    let system: MailSystem | undefined;
    beforeAll(async () => {
      system = await shape.start(sections, atEnd);
    });
    afterAll(async () => {
      for (const end of ends) await end();
    });
    journeys(() => {
      if (system === undefined) throw new TypeError('the system is there when the tests run');
      return system;
    }, shape);
  });
}
