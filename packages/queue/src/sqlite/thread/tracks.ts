/**
 * Tracks: a lane within a site, under a small number that recipients refer to. A track is
 * there while a recipient is in it. Some are remembered, because the next message mostly
 * goes where the last one went.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';

export interface Track {
  readonly id: number;
  readonly lane: string;
  readonly site: string;
}

const MAX_REMEMBERED = 10_000;

export class Tracks {
  readonly #byId = new Map<number, Track>();
  readonly #byName = new Map<string, Track>();
  readonly #find: Statement<Track>;
  readonly #read: Statement<Track>;
  readonly #ofLane: Statement<Track>;
  readonly #insert: Statement<Track>;
  readonly #delete: Statement<never>;

  constructor(database: DatabaseSync) {
    this.#find = prepare(database, 'SELECT id, lane, site FROM track WHERE lane = ? AND site = ?');
    this.#read = prepare(database, 'SELECT id, lane, site FROM track WHERE id = ?');
    this.#ofLane = prepare(database, 'SELECT id, lane, site FROM track WHERE lane = ?');
    this.#insert = prepare(
      database,
      'INSERT INTO track (lane, site) VALUES (?, ?) RETURNING id, lane, site',
    );
    this.#delete = prepare(database, 'DELETE FROM track WHERE id = ?');
  }

  /** The track's number; a new one where there was none. */
  idOf(lane: string, site: string): number {
    const known = this.#byName.get(nameOf(lane, site));
    if (known !== undefined) return known.id;
    const track = this.#find.get(lane, site) ?? this.#insert.get(lane, site);
    if (track === undefined) throw new Error('a track was neither found nor made');
    return this.#remember(track).id;
  }

  of(id: number): Track {
    const track = this.#byId.get(id) ?? this.#read.get(id);
    if (track === undefined) throw new Error(`no track ${id}`);
    return this.#remember(track);
  }

  ofLane(lane: string): readonly Track[] {
    return this.#ofLane.all(lane);
  }

  remove(track: Track): void {
    this.#delete.run(track.id);
    this.#byId.delete(track.id);
    this.#byName.delete(nameOf(track.lane, track.site));
  }

  /** After a rollback nothing is known. */
  forget(): void {
    this.#byId.clear();
    this.#byName.clear();
  }

  #remember(track: Track): Track {
    if (this.#byId.size >= MAX_REMEMBERED) this.forget();
    this.#byId.set(track.id, track);
    this.#byName.set(nameOf(track.lane, track.site), track);
    return track;
  }
}

function nameOf(lane: string, site: string): string {
  return `${lane}\0${site}`;
}
