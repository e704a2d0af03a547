/**
 * The tables of docs/configuration.md, made of the published schema, so that the page and
 * the code cannot drift apart.
 */
import { configurationJsonSchema } from '@posthouse/configuration';

interface Node {
  readonly $ref?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
}

/** One heading and one table for each section. */
export function referenceTables(): string {
  const schema: Node = configurationJsonSchema();
  return Object.entries(schema.properties ?? {})
    .map(([name, section]) => sectionText(name, section))
    .join('\n');
}

function sectionText(name: string, section: Node): string {
  const head = `### [${name}]\n\n${section.description ?? ''}\n`;
  const keys = Object.entries(section.properties ?? {});
  if (keys.length === 0) return `${head}\nExample: ${exampleOf(section)}\n`;
  const rows = keys.flatMap(([key, node]) => rowsOf(key, node));
  return `${head}\n| Key | Means | Default | Example |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function rowsOf(key: string, node: Node): readonly string[] {
  const inner = Object.entries(node.properties ?? {});
  const own = `| \`${key}\` | ${cell(node.description ?? '')} | ${valueOf(node.default)} | ${exampleOf(node)} |`;
  return [own, ...inner.flatMap(([name, child]) => rowsOf(`${key}.${name}`, child))];
}

function exampleOf(node: Node): string {
  return valueOf(node.examples?.[0]);
}

function valueOf(value: unknown): string {
  return value === undefined ? '' : `\`${cell(tomlOf(value))}\``;
}

/** Values as they are written in the file. */
function tomlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${keyOf(key)} = ${tomlOf(inner)}`);
  return `{ ${pairs.join(', ')} }`;
}

function keyOf(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
