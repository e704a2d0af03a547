/** Why an agent did not start: a sentence that says what to do, and the exit code. Pure. */
import type { ExitName } from './exit-code.ts';
import { ExitError } from './exit-code.ts';

export interface StartFailure {
  readonly text: string;
  readonly exit: ExitName;
}

/** Explains what `start` threw. */
export function explainStartFailure(error: unknown): StartFailure {
  if (error instanceof ExitError) return { text: error.message, exit: error.exit };
  const message = error instanceof Error ? error.message : String(error);
  const exit = EXIT_OF_KIND.get(kindOf(error));
  if (exit !== undefined) return { text: message, exit };
  const { code, address, port } = systemFacts(error);
  const place = placeOf(address, port);
  switch (code) {
    case 'EADDRINUSE':
      return {
        text: `${place} is in use: is another Posthouse running? Stop it, or set another "listen"`,
        exit: 'unavailable',
      };
    case 'EADDRNOTAVAIL':
      return {
        text: `This host has no address ${place}: set another "listen"`,
        exit: 'configuration',
      };
    case 'EACCES':
    case 'EPERM':
      return port === undefined
        ? { text: `Not permitted: ${message}`, exit: 'noPermission' }
        : {
            text: `Not permitted to listen on ${place}: ports below 1024 need the right to (CAP_NET_BIND_SERVICE)`,
            exit: 'noPermission',
          };
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EROFS':
    case 'EISDIR':
    case 'ENOTDIR':
      return { text: message, exit: 'cannotCreate' };
    case 'EIO':
      return { text: message, exit: 'ioError' };
    case undefined:
    default:
      return { text: message, exit: 'software' };
  }
}

/**
 * What our own libraries say, by the error's name and kind: their texts tell an operator enough, and
 * no stack would tell him more.
 */
const EXIT_OF_KIND: ReadonlyMap<string, ExitName> = new Map([
  ['AccountsError account-exists', 'data'],
  ['AccountsError bad-name', 'data'],
  ['AccountsError bad-password', 'data'],
  ['AccountsError broken', 'data'],
  ['AccountsError locked', 'tempFail'],
  ['AccountsError no-such-account', 'data'],
  ['DurableFsError exists', 'cannotCreate'],
  ['DurableFsError missing', 'noInput'],
  ['StoreError damaged', 'ioError'],
  ['StoreError full', 'cannotCreate'],
  ['StoreError in-use', 'unavailable'],
  ['StoreError newer-version', 'data'],
]);

function kindOf(error: unknown): string {
  const hasKind = error instanceof Error && 'kind' in error;
  return hasKind ? `${error.name} ${String(error.kind)}` : '';
}

function placeOf(address: string | undefined, port: number | undefined): string {
  if (port === undefined) return address ?? 'the address';
  return `${address?.includes(':') === true ? `[${address}]` : (address ?? '')}:${port}`;
}

/** Fields that an error may have; each is checked. */
type SystemError = Error & { readonly [K in 'code' | 'address' | 'port']?: unknown };

interface SystemFacts {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
}

/** What a system error of node carries, also where it is the cause of another. */
function systemFacts(error: unknown): SystemFacts {
  if (!(error instanceof Error)) return {};
  const { code, address, port } = error as SystemError;
  if (typeof code !== 'string') return systemFacts(error.cause);
  return {
    code,
    ...(typeof address === 'string' ? { address } : {}),
    ...(typeof port === 'number' && port >= 0 ? { port } : {}),
  };
}
