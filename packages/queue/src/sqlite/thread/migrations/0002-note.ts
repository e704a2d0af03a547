/** Version 2. Small facts that outlive a restart: what was learnt of hosts, allowances that are used. */
export const note: string = `
CREATE TABLE note (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
`;
