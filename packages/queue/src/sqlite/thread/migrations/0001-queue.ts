/**
 * Version 1.
 *
 * `recipient.ready_at` is when a claim could have it, its lane's rest apart: the due time, or
 * the lease's end where that is later, or NEVER while held. Lanes take turns: `turn` has one
 * row for each track (a lane within a site) and rank with recipients in it, `site_turn` one
 * for each site and rank; `at` is the earliest `ready_at` below it, or the lane's rest or the
 * last time it was served, where that is later. So a claim touches indexes alone and no more
 * rows than it grants. `search_key` is written in buckets, so that each commit touches the
 * pages of the last one only, wherever the hashes fall. `damaged` keeps records that could not
 * be read, for people to look at.
 */
export const queue: string = `
CREATE TABLE counter (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  commits INTEGER NOT NULL,
  last_message INTEGER NOT NULL,
  last_cursor INTEGER NOT NULL,
  forgotten_cursor INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  recipients INTEGER NOT NULL,
  content_bytes INTEGER NOT NULL,
  claims INTEGER NOT NULL,
  last_claim_at INTEGER NOT NULL
);
INSERT INTO counter VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE message (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  rank INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  digest TEXT NOT NULL,
  reverse_path TEXT NOT NULL,
  file TEXT,
  head TEXT NOT NULL,
  prefix BLOB NOT NULL
);
CREATE INDEX message_file ON message (file) WHERE file IS NOT NULL;

CREATE TABLE content (
  message INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
);

CREATE TABLE recipient (
  message INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  track INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  ready_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  held INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  token INTEGER NOT NULL,
  lease_owner TEXT,
  lease_until INTEGER,
  begun INTEGER NOT NULL,
  address TEXT NOT NULL,
  domain TEXT NOT NULL,
  path TEXT NOT NULL,
  last TEXT NOT NULL,
  PRIMARY KEY (message, idx)
) WITHOUT ROWID;
CREATE INDEX recipient_ready ON recipient (track, rank, ready_at);
CREATE INDEX recipient_lease ON recipient (lease_owner) WHERE lease_owner IS NOT NULL;

CREATE TABLE track (
  id INTEGER PRIMARY KEY,
  lane TEXT NOT NULL,
  site TEXT NOT NULL,
  UNIQUE (lane, site)
);
CREATE TABLE lane_rest (
  lane TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lane_rest_until ON lane_rest (until);
CREATE TABLE turn (
  track INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  site TEXT NOT NULL,
  at INTEGER NOT NULL,
  served_at INTEGER NOT NULL,
  served_by INTEGER NOT NULL,
  PRIMARY KEY (track, rank)
) WITHOUT ROWID;
CREATE INDEX turn_at ON turn (rank, site, at, served_by);
CREATE TABLE site_turn (
  site TEXT NOT NULL,
  rank INTEGER NOT NULL,
  at INTEGER NOT NULL,
  served_at INTEGER NOT NULL,
  served_by INTEGER NOT NULL,
  PRIMARY KEY (site, rank)
) WITHOUT ROWID;
CREATE INDEX site_turn_at ON site_turn (rank, at, served_by);

CREATE TABLE damaged (
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  head TEXT NOT NULL,
  prefix BLOB NOT NULL,
  file TEXT,
  content BLOB,
  recipients TEXT NOT NULL
);

CREATE TABLE event (
  cursor INTEGER PRIMARY KEY,
  message TEXT NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX event_message ON event (message);
CREATE TABLE search_key (
  bucket INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (bucket, hash, message)
) WITHOUT ROWID;
`;
