/** Maildir: deliver into one, list what is in one. See README.md; decision 0006 says why it is as it is. */
export { findFolder, listFolders, maildirPath } from './folders.ts';
export { listMessages } from './list.ts';
export type { ListedMessage } from './list.ts';
export { parseMessageName } from './message-name.ts';
export type { MessageName, NewName } from './message-name.ts';
export { storedContentOf } from './stored-content.ts';
export type { StoredContent } from './stored-content.ts';
export { FORSAKEN_AFTER_MS, STALE_AFTER_MS, sweepTmp } from './tmp-sweep.ts';
export type { Finish, TmpSweep, TmpSweepOptions } from './tmp-sweep.ts';
export type { UnfinishedFile } from './unfinished.ts';
export { createMaildirWriter } from './writer.ts';
export type { DeliveryObserver, MaildirWriter, NewMessage } from './writer.ts';
