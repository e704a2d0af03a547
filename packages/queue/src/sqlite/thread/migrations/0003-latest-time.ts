/**
 * Version 3: the latest time that claims knew becomes the latest time that is known at all, so that
 * a clock that was put back shows at the first claim after it, however idle the queue was.
 */
export const latestTime: string = `
ALTER TABLE counter RENAME COLUMN last_claim_at TO latest_at;
UPDATE counter SET latest_at = MAX(latest_at, IFNULL((SELECT at FROM event ORDER BY cursor DESC LIMIT 1), 0));
`;
