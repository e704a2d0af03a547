import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { configurationJsonSchema, readConfiguration } from '../src/index.ts';
import type { JsonSchema } from '../src/index.ts';
import { tomlKey, tomlText } from '../src/toml-text.ts';

interface Leaf {
  readonly path: readonly string[];
  readonly node: JsonSchema;
}

/** Every key of the schema, the keys of tables too. */
function keysOf(node: JsonSchema, path: readonly string[] = []): readonly Leaf[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, below]) => [
    { path: [...path, key], node: below },
    ...keysOf(below, [...path, key]),
  ]);
  return [...own, ...(node.anyOf ?? []).flatMap((choice) => keysOf(choice, path))];
}

const keys = keysOf(configurationJsonSchema());
const examples = keys.flatMap(({ path, node }) =>
  (node.examples ?? []).map((example): [string, unknown] => [path.map(tomlKey).join('.'), example]),
);

describe('the JSON Schema', () => {
  test('that is published is that of the code', async () => {
    const published = await readFile(
      new URL('../schema/posthouse.schema.json', import.meta.url),
      'utf8',
    );
    expect(
      JSON.parse(published),
      'node --conditions=@posthouse/source examples/print-schema.ts > schema/posthouse.schema.json',
    ).toEqual(JSON.parse(JSON.stringify(configurationJsonSchema())));
  });

  test.each(keys.map(({ path, node }): [string, JsonSchema] => [path.join('.'), node]))(
    '%s has a description and an example',
    (_, node) => {
      expect(node.description).toMatch(/\.$/);
      expect(node.examples?.length).toBeGreaterThan(0);
    },
  );

  // Rules between keys aside, what we show as an example must not be called wrong.
  test.each(examples)('%s may be the example %j', (key, example) => {
    const domains = 'domains.own = ["example.com"]';
    const text = `${/^domains(?:\.own)?$/.test(key) ? '' : domains}\n${key} = ${tomlText(example)}`;
    const reading = readConfiguration(text, '/x/posthouse.toml');
    const problems = reading.kind === 'ok' ? [] : reading.problems;
    expect(problems.filter((problem) => !problem.text.includes('is missing'))).toEqual([]);
  });
});
