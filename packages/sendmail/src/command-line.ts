/**
 * The command line of `sendmail`, as programs have called it for forty years.
 *
 * Single letters, in clusters, with their value attached or behind them; the first word that
 * is no option ends them, so that a recipient can never become one. What a caller may pass
 * without harm is taken and has no effect here; what would change where mail goes, or
 * what nobody could mean, is refused with the reason. Pure.
 */
import { parseEnvelopeId } from '@posthouse/mail';
import type { EnvelopeId, Notify, NotifyEvent } from '@posthouse/mail';

/** Whom the caller wants to hear of a failure: on the spot, by mail, or not at all. */
export type ErrorMode = 'mail' | 'print' | 'quiet';

/** A message on standard input. */
export interface SendCall {
  readonly kind: 'send';
  readonly configFile?: string;
  /** As they were written, one or several in each. */
  readonly recipients: readonly string[];
  /** `-t`: the message's own fields name recipients. */
  readonly readsRecipients: boolean;
  /** `-i`: a line that is a dot is text. */
  readonly ignoresDots: boolean;
  /** `-f`, `-r`; empty or `<>` for the null path. */
  readonly author?: string;
  readonly fullName?: string;
  readonly notify?: Notify;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: EnvelopeId;
  readonly body?: '7BIT' | '8BITMIME';
  /** `-odq`: into the spool, to be handed on later. */
  readonly onlyQueues: boolean;
  readonly errors: ErrorMode;
  readonly verbose: boolean;
}

/** What is wanted. */
export type SendmailCall =
  | SendCall
  | {
      /** `smtp`: SMTP on standard input and output. `list`: what is spooled. `run`: hand it on. */
      readonly kind: 'aliases' | 'help' | 'list' | 'run' | 'smtp';
      readonly configFile?: string;
    }
  | { readonly kind: 'wrong'; readonly text: string };

/** The names under which the program is known, and what each means. */
const MODES_BY_NAME: ReadonlyMap<string, Mode> = new Map([
  ['mailq', 'list'],
  ['newaliases', 'aliases'],
]);

type Mode = 'aliases' | 'help' | 'list' | 'run' | 'send' | 'smtp';

/** Options whose value follows, attached or as the next word. */
const WITH_VALUE = 'fFrNRVBLXpChODM';
/** Options whose value is attached, if there is one. */
const WITH_ATTACHED = 'obqdeA';
/** Options without a value that change nothing here. */
const WITHOUT_EFFECT = 'mnUGcxs';

type SendOptions = Omit<SendCall, 'configFile' | 'kind' | 'recipients'>;

class Reading {
  configFile: string | undefined;
  mode: Mode = 'send';
  wrong: string | undefined;
  readonly send: { -readonly [K in keyof SendOptions]: SendOptions[K] } = {
    readsRecipients: false,
    ignoresDots: false,
    onlyQueues: false,
    errors: 'print',
    verbose: false,
  };

  longOption(word: string): void {
    if (word === '--help') this.mode = 'help';
    else this.wrong = `there is no option ${word}; options are single letters`;
  }

  /** An option without a value. */
  flag(letter: string): void {
    if (letter === 't') this.send.readsRecipients = true;
    else if (letter === 'i') this.send.ignoresDots = true;
    else if (letter === 'v') this.send.verbose = true;
    else if (letter === 'I') this.mode = 'aliases';
    else if (!WITHOUT_EFFECT.includes(letter)) this.wrong = `there is no option -${letter}`;
  }

  /** An option with its value. */
  option(letter: string, value: string): void {
    switch (letter) {
      case 'f':
      case 'r':
        this.send.author = value;
        return;
      case 'F':
        this.send.fullName = value;
        return;
      case 'C':
        this.configFile = value;
        return;
      case 'N':
        return this.#set(
          'notify',
          readNotify(value),
          `-N ${value}: never, or any of ${EVENTS.join()}`,
        );
      case 'R':
        return this.#set('ret', RETURNS.get(value.toLowerCase()), `-R ${value}: full or hdrs`);
      case 'V':
        return this.#set('envid', parseEnvelopeId(value), `-V: at most 100 ASCII characters`);
      case 'B':
        return this.#set('body', BODIES.get(value.toLowerCase()), `-B ${value}: 7BIT or 8BITMIME`);
      case 'b':
        return this.#setMode(value);
      case 'q':
        return this.#run(value);
      case 'o':
      case 'e':
        return this.#oldOption(letter === 'e' ? `e${value}` : value);
      default:
        return; // L X p h O D M d A: labels, logs and limits of another program
    }
  }

  #set<K extends 'body' | 'envid' | 'notify' | 'ret'>(
    key: K,
    value: SendCall[K] | undefined,
    fault: string,
  ): void {
    if (value === undefined) this.wrong = fault;
    else Object.assign(this.send, { [key]: value });
  }

  #setMode(letter: string): void {
    const mode = MODES.get(letter);
    if (mode !== undefined) this.mode = mode;
    else this.wrong = REFUSED_MODES.get(letter) ?? `there is no mode -b${letter}`;
  }

  /** `-q`, `-qf`: once. An interval asks for a process that stays. */
  #run(value: string): void {
    if (value === '' || value === 'f') this.mode = 'run';
    else if (/^[IRS!]/.test(value)) this.wrong = `-q${value}: use "posthouse queue retry"`;
    else this.wrong = `-q${value}: no process stays; a running stack hands the spool on by itself`;
  }

  /** `-oX`: one letter and perhaps a value. */
  #oldOption(value: string): void {
    if (value === 'i') this.send.ignoresDots = true;
    else if (value === 'dq' || value === 'dd') this.send.onlyQueues = true;
    else if (value === 'eq') this.send.errors = 'quiet';
    else if (value === 'ep') this.send.errors = 'print';
    else if (/^e[mwe]$/.test(value)) this.send.errors = 'mail';
    else if (value === '') this.wrong = '-o wants a letter';
  }
}

const EVENTS: readonly NotifyEvent[] = ['success', 'failure', 'delay'];
const RETURNS: ReadonlyMap<string, 'FULL' | 'HDRS'> = new Map([
  ['full', 'FULL'],
  ['hdrs', 'HDRS'],
]);
const BODIES: ReadonlyMap<string, '7BIT' | '8BITMIME'> = new Map([
  ['7bit', '7BIT'],
  ['8bitmime', '8BITMIME'],
  ['8bit', '8BITMIME'],
]);
const MODES: ReadonlyMap<string, Mode> = new Map([
  ['m', 'send'],
  ['s', 'smtp'],
  ['p', 'list'],
  ['i', 'aliases'],
]);
const REFUSED_MODES: ReadonlyMap<string, string> = new Map([
  ['d', '-bd: this is no server; "posthouse up" is'],
  ['D', '-bD: this is no server; "posthouse up" is'],
  ['v', '-bv: use "posthouse explain ADDRESS"'],
  ['t', '-bt: use "posthouse explain ADDRESS"'],
]);

/** Reads a command line. @param name under which the program was called */
export function readCommandLine(argv: readonly string[], name: string): SendmailCall {
  const reading = new Reading();
  reading.mode = MODES_BY_NAME.get(name) ?? 'send';
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--' || !word.startsWith('-') || word === '-') break;
    if (word.startsWith('--')) reading.longOption(word);
    else if (readCluster(word, argv[at + 1], reading)) at++;
  }
  if (argv[at] === '--') at++;
  if (reading.wrong !== undefined) return { kind: 'wrong', text: reading.wrong };
  return callOf(reading, argv.slice(at));
}

function callOf(reading: Reading, recipients: readonly string[]): SendmailCall {
  const config = reading.configFile === undefined ? {} : { configFile: reading.configFile };
  if (reading.mode !== 'send') return { kind: reading.mode, ...config };
  return { kind: 'send', ...config, ...reading.send, recipients };
}

/** Reads one word of options. @returns whether the next word was the value of the last one */
function readCluster(word: string, next: string | undefined, reading: Reading): boolean {
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const rest = word.slice(at + 1);
    if (WITH_ATTACHED.includes(letter)) {
      reading.option(letter, rest);
      return false;
    }
    if (WITH_VALUE.includes(letter)) {
      const value = rest === '' ? next : rest;
      if (value === undefined) reading.wrong = `-${letter} wants a value`;
      else reading.option(letter, value);
      return rest === '';
    }
    reading.flag(letter);
  }
  return false;
}

function readNotify(text: string): Notify | undefined {
  const words = text.toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') return 'never';
  const events = EVENTS.filter((event) => words.includes(event));
  return events.length === words.length ? events : undefined;
}
