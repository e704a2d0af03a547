/**
 * Reads a workspace from disk as plain data: each package's manifest, build references, boundary tags
 * and source files. Only what the architecture rules look at; a package without a manifest is none.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';

export interface SourceFile {
  /** From the package's folder, with forward slashes: `src/testing/index.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface WorkspacePackage {
  readonly folder: string;
  /** From the workspace's root: `packages/mail`. */
  readonly path: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly references: readonly string[];
  readonly tags: readonly string[];
  readonly sources: readonly SourceFile[];
}

export interface Workspace {
  readonly packages: readonly WorkspacePackage[];
  /** Allow lists of turbo.json by tag. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface TurboConfiguration {
  readonly tags?: readonly string[];
  readonly boundaries?: {
    readonly tags?: Readonly<
      Record<string, { readonly dependencies?: { readonly allow?: readonly string[] } }>
    >;
  };
}

interface BuildConfiguration {
  readonly references?: readonly { readonly path: string }[];
}

export function readWorkspace(root: string): Workspace {
  const turbo = readJson<TurboConfiguration>(join(root, 'turbo.json'));
  const allowed: Record<string, readonly string[]> = {};
  for (const [tag, rules] of Object.entries(turbo.boundaries?.tags ?? {})) {
    if (rules.dependencies?.allow !== undefined) allowed[tag] = rules.dependencies.allow;
  }
  const packages = ['packages', 'apps']
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((path) => existsSync(join(root, path, 'package.json')))
    .map((path) => readPackage(root, path));
  return { packages, allowed };
}

function readPackage(root: string, path: string): WorkspacePackage {
  const at = join(root, path);
  const manifest = readJson<Manifest>(join(at, 'package.json'));
  const build = readJson<BuildConfiguration>(join(at, 'tsconfig.build.json'));
  const sourceRoot = join(at, 'src');
  return {
    folder: basename(path),
    path,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
    references: (build.references ?? []).map((reference) => basename(join(reference.path, '..'))),
    tags: readJson<TurboConfiguration>(join(at, 'turbo.json')).tags ?? [],
    sources: existsSync(sourceRoot) ? readSources(at, sourceRoot) : [],
  };
}

function readSources(packageRoot: string, folder: string): readonly SourceFile[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({
      path: relative(packageRoot, file).replaceAll(sep, '/'),
      text: readFileSync(file, 'utf8'),
    }));
}

/** Absent is empty: the rules say what is missing better than a stack trace would. */
function readJson<T extends object>(file: string): Partial<T> {
  // The repository's own configuration: a wrong shape shows as a broken rule.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<T>) : {};
}
