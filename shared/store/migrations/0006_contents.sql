-- Whether two jobs want the same of a token is asked of their args themselves (same-content.ts): a SHA-256 of each row
-- was a tenth of the time that intake takes, and is asked for only where a token already has a job.
ALTER TABLE jobs DROP COLUMN args_hash;
