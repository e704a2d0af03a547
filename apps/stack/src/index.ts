/** All agents in one process. */
export { createStack } from './stack.ts';
export type { Stack, StackAddresses, StackDeps } from './stack.ts';
export { startStack } from './start-stack.ts';
export type { RunningStack, StartStackOptions } from './start-stack.ts';
