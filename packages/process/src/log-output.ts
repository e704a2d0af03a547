/**
 * Where log lines go: standard output, without ever holding up the mail.
 *
 * Lines of one turn of the event loop go out together, and those that come while a write is
 * under way go with the next one: the busier it is, the fewer writes. To a pipe or socket they are
 * written without blocking: a reader that has stopped reading (a paused log collector)
 * stops neither the event loop nor the exit of the process. What it leaves unread is kept
 * up to a limit; beyond it lines are dropped and counted. A reader that is gone takes
 * nothing with it. Files are written in order on a thread. A terminal is written at once.
 */
import { fstatSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

export interface LogOutput {
  write(line: string): void;
  /** Resolves when all that was written is out, or cannot get out in time. */
  flush(deadlineMs: number): Promise<void>;
}

export interface LogOutputOptions {
  /** @default 1, standard output */
  readonly descriptor?: number | undefined;
  /** Called once after lines were dropped, when there is room again. */
  readonly dropped?: ((lines: number) => void) | undefined;
}

/** Takes text; `done` is called when it is out, or never will be. */
type Sink = (text: string, done: () => void) => void;

const MAX_WAITING_CHARACTERS = 8_388_608;
const MAX_BATCH_CHARACTERS = 65_536;

export function createLogOutput(options: LogOutputOptions = {}): LogOutput {
  const sink = createSink(options.descriptor ?? 1);
  let batch = '';
  /** Characters handed to the sink that are not out yet. */
  let waiting = 0;
  let droppedLines = 0;
  let scheduled = false;
  let idle = Promise.withResolvers<void>();
  idle.resolve();

  function send(): void {
    scheduled = false;
    if (batch === '') return;
    const text = batch;
    batch = '';
    if (waiting === 0) idle = Promise.withResolvers<void>();
    waiting += text.length;
    sink(text, () => {
      waiting -= text.length;
      if (waiting === 0) {
        idle.resolve();
        send();
      }
      if (droppedLines > 0 && waiting < MAX_WAITING_CHARACTERS / 2) tellDropped();
    });
  }

  function tellDropped(): void {
    const lines = droppedLines;
    droppedLines = 0;
    options.dropped?.(lines);
  }

  return {
    write(line) {
      if (waiting + batch.length + line.length > MAX_WAITING_CHARACTERS) {
        droppedLines++;
        return;
      }
      batch += line;
      if (batch.length >= MAX_BATCH_CHARACTERS) send();
      else if (!scheduled && waiting === 0) {
        scheduled = true;
        setImmediate(send);
      }
    },
    async flush(deadlineMs) {
      send();
      const { promise, resolve } = Promise.withResolvers<void>();
      const timeout = setTimeout(resolve, deadlineMs);
      await Promise.race([idle.promise, promise]);
      clearTimeout(timeout);
    },
  };
}

function createSink(descriptor: number): Sink {
  if (isatty(descriptor) || process.platform === 'win32') return streamSink(process.stdout);
  const stats = fstatSync(descriptor);
  if (stats.isFIFO() || stats.isSocket()) {
    const socket = new Socket({ fd: descriptor, readable: false, writable: true });
    socket.unref();
    return streamSink(socket);
  }
  return fileSink(descriptor);
}

function streamSink(stream: NodeJS.WritableStream): Sink {
  stream.on('error', () => undefined); // the reader has gone; the mail goes on
  return (text, done) => void stream.write(text, () => done());
}

function fileSink(descriptor: number): Sink {
  let last = Promise.resolve();
  const writeNext = async (before: Promise<void>, text: string): Promise<void> => {
    await before;
    await writeWhole(descriptor, Buffer.from(text)).catch(() => undefined); // a full disk
  };
  return (text, done) => {
    last = writeNext(last, text).finally(done);
  };
}

async function writeWhole(descriptor: number, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    from += await new Promise<number>((resolve, reject) => {
      write(descriptor, bytes, from, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }
}
