/**
 * Why a Maildir cannot be read as it was asked to be. The Maildir is as it was before.
 */

export type MaildirErrorKind =
  /** There is no such directory, or it is none of a Maildir. */
  | 'no-such-maildir'
  | 'no-such-folder'
  /** It is gone: removed, or moved to another folder. */
  | 'no-such-message'
  /** A folder cannot have this name. */
  | 'folder-name'
  /** There is another message of the same name in the folder it was to go to. */
  | 'already-there';

export class MaildirError extends Error {
  override readonly name = 'MaildirError';
  readonly kind: MaildirErrorKind;

  constructor(kind: MaildirErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * Whether the file or directory is not there: mostly because another program moved it.
 * @param path counts only where the error is about this path, if it names one
 */
export function isMissing(error: unknown, path?: string): boolean {
  if (!hasCode(error, ['ENOENT'])) return false;
  const about = error instanceof Error && 'path' in error ? error.path : undefined;
  return path === undefined || about === undefined || about === path;
}

/** Whether it is there, and cannot be read: not ours, or no file. */
export function isUnreadable(error: unknown): boolean {
  return hasCode(error, ['EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'ENXIO']);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}
