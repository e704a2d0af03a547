/**
 * The JSON Schema of the configuration file, for editors; and the schema as a book to look
 * things up in, for whoever explains a mistake.
 */
import { z } from 'zod';
import { configurationSchema } from './configuration.ts';
import type { KeyPath } from './problem.ts';

/** A node of a JSON Schema, as far as we use it. */
export interface JsonSchema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
}

const TITLE = 'Posthouse configuration';

/** The schema of the file (draft 7), as a new object. */
export function configurationJsonSchema(): JsonSchema {
  const around = {
    role: 'stack',
    path: (text: string) => text,
    state: (name: string) => name,
    isOwnDomain: () => true,
    caFile: undefined,
  } as const;
  const schema = z.toJSONSchema(configurationSchema(around), {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = [...(examples as readonly unknown[])];
      if (isEmptyTable(jsonSchema.default)) delete jsonSchema.default;
    },
  });
  return { ...schema, title: TITLE } as JsonSchema; // the same object, of a wider type
}

/** What the schema says of a path. */
export interface Entry {
  /** The keys that may stand below. */
  readonly keys: readonly string[];
  readonly example: unknown;
}

let book: JsonSchema | undefined;

/** Looks a path up; what the schema does not know has no keys and no example. */
export function lookUp(path: KeyPath): Entry {
  book ??= configurationJsonSchema();
  let nodes = alternatives(book);
  for (const step of path) nodes = nodes.flatMap((node) => below(node, step));
  return {
    keys: nodes.flatMap((node) => Object.keys(node.properties ?? {})),
    example: nodes.find((node) => node.examples !== undefined)?.examples?.[0],
  };
}

/** The sections whose tables know a key. */
export function sectionsWith(key: string): readonly string[] {
  return lookUp([]).keys.filter((section) => lookUp([section]).keys.includes(key));
}

function alternatives(node: JsonSchema): readonly JsonSchema[] {
  return [node, ...(node.anyOf ?? []).flatMap(alternatives)];
}

function below(node: JsonSchema, step: string | number): readonly JsonSchema[] {
  const { properties, additionalProperties: others } = node;
  if (typeof step === 'number') return node.items === undefined ? [] : alternatives(node.items);
  const named =
    properties !== undefined && Object.hasOwn(properties, step) ? properties[step] : undefined;
  const found = named ?? (typeof others === 'object' ? others : undefined);
  return found === undefined ? [] : alternatives(found);
}

function isEmptyTable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 0
  );
}
