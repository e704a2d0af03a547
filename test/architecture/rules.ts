/**
 * The rules of the architecture, each a function from a package (and its file) to what is wrong with
 * it, in a sentence that says where and what to do. Pure: no file is read here.
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import {
  bannedFileNames,
  fencedBuiltins,
  fences,
  maxCodeLines,
  maxOpeningCommentLines,
  testingLibraries,
  type Fence,
} from './fences.ts';
import {
  countCodeLines,
  foreignStatements,
  importsOf,
  libraryOf,
  openingCommentLines,
} from './source-text.ts';
import type { SourceFile, Workspace, WorkspacePackage } from './workspace.ts';

const scope = '@posthouse/';

/** Everything that breaks a rule, empty when the house is in order. */
export function findViolations(workspace: Workspace): readonly string[] {
  return workspace.packages.flatMap((member) => {
    const fence = fences[member.folder];
    if (fence === undefined) return [`${member.path}: give it a place in fences.ts`];
    return [
      ...manifestViolations(member, fence),
      ...tagViolations(member, fence, workspace.allowed),
      ...member.sources.flatMap((source) =>
        [...importViolations(member, fence, source), ...shapeViolations(member, source)].map(
          (violation) => `${member.path}/${source.path}: ${violation}`,
        ),
      ),
    ];
  });
}

function manifestViolations(member: WorkspacePackage, fence: Fence): readonly string[] {
  const used = ownPackages(member.dependencies);
  const allowedInTests = [...fence.uses, ...(mayUseTestkit(member.folder) ? ['testkit'] : [])];
  const libraries = member.dependencies.filter((name) => !name.startsWith(scope));
  return [
    ...except(used, fence.uses).map((name) => `must not depend on ${name}`),
    ...except(ownPackages(member.devDependencies), allowedInTests).map(
      (name) => `must not depend on ${name}, not even in tests`,
    ),
    ...except(libraries, [...(fence.thirdParty ?? []), ...typesOf(fence)]).map(
      (name) => `${name} is not listed for it in fences.ts`,
    ),
    ...except(used, member.references).map((name) => `tsconfig.build.json must refer to ${name}`),
    ...except(member.references, used).map(
      (name) => `tsconfig.build.json refers to ${name}, unused`,
    ),
  ].map((violation) => `${member.path}/package.json: ${violation}`);
}

function tagViolations(
  member: WorkspacePackage,
  fence: Fence,
  allowed: Workspace['allowed'],
): readonly string[] {
  const expected = [...reachableFrom(member.folder)];
  if (mayUseTestkit(member.folder)) expected.push('testkit');
  const listed = allowed[member.folder] ?? [];
  return [
    ...except([fence.kind, member.folder], member.tags).map(
      (tag) => `${member.path}/turbo.json: the tag ${tag} is missing`,
    ),
    ...except(expected, listed).map((tag) => `turbo.json: ${member.folder} must allow ${tag}`),
    ...except(listed, expected).map((tag) => `turbo.json: ${member.folder} must not allow ${tag}`),
  ];
}

function importViolations(
  member: WorkspacePackage,
  fence: Fence,
  source: SourceFile,
): readonly string[] {
  const inTesting = source.path.startsWith('src/testing/');
  const libraries = [...(fence.thirdParty ?? []), ...(inTesting ? testingLibraries : [])];
  return importsOf(source.text).flatMap((specifier) => {
    if (specifier.startsWith('.')) return relativeViolation(source, specifier);
    const library = libraryOf(specifier);
    if (library.startsWith(scope)) return packageViolation(member, fence, source, library);
    const fenced = fencedBuiltins.includes(specifier);
    if (libraries.includes(library) || (isBuiltin(specifier) && !fenced)) return [];
    return [`must not import ${library}: fences.ts says where it may be`];
  });
}

function relativeViolation(source: SourceFile, specifier: string): readonly string[] {
  const target = posix.join(posix.dirname(source.path), specifier);
  return target.startsWith('src/') ? [] : [`${specifier} leaves the package's sources`];
}

function packageViolation(
  member: WorkspacePackage,
  fence: Fence,
  source: SourceFile,
  library: string,
): readonly string[] {
  const name = library.slice(scope.length);
  if (!fence.uses.includes(name)) return [`must not import ${library}`];
  const isBin = source.path === 'src/bin.ts' || fence.kind === 'app';
  return name === 'process' && !isBin
    ? [`only ${member.path}/src/bin.ts may import ${library}`]
    : [];
}

function shapeViolations(member: WorkspacePackage, source: SourceFile): readonly string[] {
  const stem = posix.basename(source.path, '.ts');
  const codeLines = countCodeLines(source.text);
  const comment = openingCommentLines(source.text);
  return [
    ...(bannedFileNames.test(stem) ? ['the name says nothing: name the thing'] : []),
    ...(codeLines > maxCodeLines ? [`${codeLines} lines of code, ${maxCodeLines} at most`] : []),
    ...(comment === undefined ? ['open it with a block comment: what it is and promises'] : []),
    ...(comment !== undefined && comment > maxOpeningCommentLines
      ? [`the opening comment has ${comment} lines, ${maxOpeningCommentLines} at most`]
      : []),
    ...(stem === 'index'
      ? foreignStatements(source.text).map((line) => `only re-exports by name belong here: ${line}`)
      : []),
    ...processViolations(member, source),
  ];
}

/** Signals, exit codes and the environment belong to executables; a library is a guest. */
function processViolations(member: WorkspacePackage, source: SourceFile): readonly string[] {
  const isExecutable = source.path === 'src/bin.ts' || member.path.startsWith('apps/');
  if (isExecutable || ['process', 'testkit'].includes(member.folder)) return [];
  const uses = source.text.match(/\bprocess\.(?:env|exit|exitCode|argv|on|once|chdir)\b/g) ?? [];
  return [...new Set(uses)].map((use) => `${use} belongs to executables`);
}

function reachableFrom(folder: string, reached: Set<string> = new Set()): Set<string> {
  for (const name of fences[folder]?.uses ?? []) {
    if (reached.has(name)) continue;
    reached.add(name);
    reachableFrom(name, reached);
  }
  return reached;
}

/** testkit stands on mail, and durable-fs below testkit's other users: there it would be a cycle. */
function mayUseTestkit(folder: string): boolean {
  return !['mail', 'durable-fs', 'testkit'].includes(folder);
}

function typesOf(fence: Fence): readonly string[] {
  return (fence.thirdParty ?? []).map((name) => `@types/${name}`);
}

function ownPackages(dependencies: readonly string[]): readonly string[] {
  return dependencies
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));
}

function except(names: readonly string[], known: readonly string[]): readonly string[] {
  return names.filter((name) => !known.includes(name));
}
