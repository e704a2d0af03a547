/**
 * The fences of the architecture, as data: which package may use which, and where each third-party
 * library may be imported. What is not listed is not allowed, so a new edge or a new dependency is a
 * change to this file, seen in review. turbo.json repeats the edges (closed over what they reach, as
 * turbo wants it); the architecture test keeps the two the same.
 */
export type Kind = 'vocabulary' | 'mechanism' | 'agent' | 'app' | 'testkit';

export interface Fence {
  readonly kind: Kind;
  /** Packages of this repository that its sources may import. */
  readonly uses: readonly string[];
  /** Third-party libraries, and fenced built-in modules, that its sources may import. */
  readonly thirdParty?: readonly string[];
}

/** Built-in modules that are fenced like third-party libraries. */
export const fencedBuiltins: readonly string[] = ['node:sqlite'];

/** What the sources under `src/testing` may import besides. */
export const testingLibraries: readonly string[] = ['vitest', 'fast-check'];

/** By folder name; a package that does not exist yet keeps its place. */
export const fences: Readonly<Record<string, Fence>> = {
  mail: { kind: 'vocabulary', uses: [] },
  'durable-fs': { kind: 'mechanism', uses: ['mail'] },
  dns: { kind: 'mechanism', uses: ['mail'], thirdParty: ['dns-packet'] },
  smtp: { kind: 'mechanism', uses: ['mail'], thirdParty: ['nodemailer', 'smtp-server'] },
  dsn: { kind: 'mechanism', uses: ['mail'], thirdParty: ['mailparser', 'nodemailer'] },
  'transport-security': { kind: 'mechanism', uses: ['dns', 'durable-fs', 'mail'] },
  authenticity: { kind: 'mechanism', uses: ['dns', 'mail'], thirdParty: ['mailauth'] },
  directory: { kind: 'mechanism', uses: ['durable-fs', 'mail'] },
  'access-token': { kind: 'mechanism', uses: ['mail'] },
  providers: { kind: 'mechanism', uses: ['mail'], thirdParty: ['nodemailer'] },
  queue: {
    kind: 'mechanism',
    uses: ['dsn', 'durable-fs', 'mail'],
    thirdParty: ['node:sqlite'],
  },
  configuration: {
    kind: 'mechanism',
    uses: ['mail', 'providers'],
    thirdParty: ['toml-eslint-parser', 'zod'],
  },
  process: { kind: 'mechanism', uses: ['access-token', 'mail'], thirdParty: ['pino'] },
  submission: {
    kind: 'agent',
    uses: ['configuration', 'directory', 'mail', 'process', 'smtp'],
  },
  relay: {
    kind: 'agent',
    uses: [
      'access-token',
      'authenticity',
      'configuration',
      'directory',
      'dns',
      'dsn',
      'durable-fs',
      'mail',
      'process',
      'providers',
      'queue',
      'smtp',
      'transport-security',
    ],
  },
  delivery: {
    kind: 'agent',
    uses: ['configuration', 'directory', 'durable-fs', 'mail', 'process', 'smtp'],
  },
  sendmail: {
    kind: 'agent',
    uses: ['configuration', 'dsn', 'durable-fs', 'mail', 'process', 'smtp'],
  },
  'user-agent': {
    kind: 'agent',
    uses: ['dsn', 'mail', 'providers', 'smtp'],
    thirdParty: ['mailparser', 'nodemailer'],
  },
  testkit: { kind: 'testkit', uses: ['mail'], thirdParty: ['fast-check', 'vitest'] },
  stack: {
    kind: 'app',
    uses: [
      'authenticity',
      'configuration',
      'delivery',
      'directory',
      'dns',
      'dsn',
      'durable-fs',
      'mail',
      'process',
      'providers',
      'queue',
      'relay',
      'sendmail',
      'smtp',
      'submission',
      'transport-security',
      'user-agent',
    ],
  },
  // It measures programs from outside, but fills their queues for the backlog in their own formats;
  // it runs peers as the interoperability suites do; smtp-server alone is what it compares them with.
  bench: { kind: 'app', uses: ['mail', 'queue', 'testkit'], thirdParty: ['smtp-server'] },
};

/** No file is named for what it is not: one noun of mail each. */
export const bannedFileNames: RegExp =
  /(?:^|-)(?:utils?|helpers?|common|manager|handler|processor|misc)(?:-|$)|^(?:types|shared|data|info|lib)$/;

/** Code lines; blank lines and comment lines do not count. */
export const maxCodeLines = 400;

/** Lines between the opening and closing marks of a file's first comment. */
export const maxOpeningCommentLines = 12;
