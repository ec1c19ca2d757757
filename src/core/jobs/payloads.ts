import { Injectable } from '@nestjs/common';
import { MasterKeys, Undecipherable } from '../crypto/index.ts';
import { sealedJob } from './sealed-job.ts';

interface Job {
  readonly task: string;
  readonly payload: unknown;
}

/** What waits in the queue is read by nobody but a server: a payload may hold addresses, names and links that sign somebody in. */
@Injectable()
export class Payloads {
  constructor(private readonly masterKeys: MasterKeys) {}

  seal(task: string, payload: unknown): { readonly sealed: string } {
    return sealedJob(this.masterKeys, task, payload);
  }

  /** @throws Undecipherable for what no server has written for this task */
  open(task: string, payload: unknown): unknown {
    if (!isSealed(payload)) throw new Undecipherable('altered');
    const job: unknown = JSON.parse(this.masterKeys.open(payload.sealed, ['job']));
    if (!isJob(job) || job.task !== task) throw new Undecipherable('altered');
    return job.payload;
  }
}

function isSealed(payload: unknown): payload is { sealed: string } {
  return typeof payload === 'object' && payload !== null && 'sealed' in payload && typeof payload.sealed === 'string';
}

function isJob(value: unknown): value is Job {
  return typeof value === 'object' && value !== null && 'task' in value && 'payload' in value;
}
