/**
 * A failure that says why in words that may be kept with the job, where they are not encrypted: ids and codes, nothing personal. Of
 * any other error the queue keeps the name alone.
 */
export class JobError extends Error {}
