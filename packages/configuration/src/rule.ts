/**
 * Rules between the keys of one table: this key needs that one, these exclude each other.
 *
 * They are asked even where a value in the table is wrong, so that one reading tells all;
 * so a rule must look only at which keys are there, or check what it looks at.
 */
import { z } from 'zod';

/** A table as a rule sees it: a value is what was read, or anything where reading failed. */
export type RawTable = Readonly<Record<string, unknown>>;

/** Fields for keys that may all be left out. */
export type OptionalShape<Keys> = {
  readonly [K in keyof Keys]-?: z.ZodOptional<z.ZodType<NonNullable<Keys[K]>>>;
};

/** A rule that was broken. */
export interface Breach {
  /** Where, below the table. */
  readonly path: readonly string[];
  readonly text: string;
  /** What to write instead. */
  readonly fix?: string;
  /** Of a key that is not there but has to be: the line to add. */
  readonly line?: string;
}

/** A table with keys that are known, and no others. */
export function strictTable<T extends z.ZodRawShape>(
  shape: T,
  rule: (table: RawTable) => readonly Breach[] = () => [],
): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(shape).superRefine(
    (table, context) => {
      for (const { path, text, fix, line } of rule(table as RawTable)) {
        context.addIssue({ code: 'custom', path: [...path], message: text, params: { fix, line } });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  );
}

/** A key that has to be there. */
export function missing(key: string, example: string, because: string): Breach {
  return missingAt([key], example, because);
}

/** A key in a table below that has to be there. */
export function missingAt(path: readonly string[], example: string, because: string): Breach {
  const key = path.at(-1) ?? '';
  const text = `\`${key}\` is missing: ${because}`;
  return { path, text, line: `${key} = ${example}` };
}
