/** Doubles and contracts for tests of everything that stands on @posthouse/mail. */
export { domain, mailbox, testContext } from './addresses.ts';
export { startAgentProcess } from './agent-process.ts';
export type { AgentEnd, AgentProcess, AgentProcessOptions } from './agent-process.ts';
export { connectDialogue } from './dialogue-client.ts';
export type { DialogueClient } from './dialogue-client.ts';
export { createEventLog } from './event-log.ts';
export type { EventLog, LogEvent } from './event-log.ts';
export { createManualClock } from './manual-clock.ts';
export type { ManualClock } from './manual-clock.ts';
export { describeReceiverContract } from './receiver-contract.ts';
export type { ReceiverUnderTest, TakenCopy } from './receiver-contract.ts';
export { createRecordingReceiver, recordedAddresses } from './recording-receiver.ts';
export type {
  ReceiverScript,
  RecordedMessage,
  RecordedRecipient,
  RecordingReceiver,
} from './recording-receiver.ts';
export { startScriptedPeer } from './scripted-peer.ts';
export type { ScriptedPeer, ScriptedPeerOptions } from './scripted-peer.ts';
