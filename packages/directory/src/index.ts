/** What a mail system knows of its own domains: accounts, aliases, credentials. See README.md. */
export type { Account } from './account.ts';
export { parseAccountName } from './account.ts';
export { AccountsError } from './accounts-error.ts';
export type { AccountsErrorKind } from './accounts-error.ts';
export { addAccount, listAccounts, removeAccount, setPassword } from './accounts-file.ts';
export type { AccountsFile } from './accounts-file.ts';
export { readAccounts } from './accounts-format.ts';
export type { AccountEntry, AccountsProblem, AccountsReading } from './accounts-format.ts';
export { createDirectory } from './directory.ts';
export type { Directory, DirectoryDeps } from './directory.ts';
export type { Expansion, ExpansionOptions, LossReason } from './expansion.ts';
export { DirectoryOptionsError } from './options.ts';
export type { DirectoryOptions, ListOptions } from './options.ts';
export type { PasswordHash } from './password-hash.ts';
export type { AccountMatch, AliasMatch, Resolution } from './resolution.ts';
