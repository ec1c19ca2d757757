// What encryption costs: `node bench/encryption.ts`, in microseconds of one core. docs/decisions/0023 rests on it.
import { randomBytes } from 'node:crypto';
import { DataKey, type Owner } from '../src/core/crypto/data-key.ts';
import { MasterKeys } from '../src/core/crypto/master-keys.ts';

const rounds = 15;
const callsInRound = 4_000;
const owner: Owner = { kind: 'user', id: '01890000-0000-7000-8000-000000000001' };
const place = { table: 'users', column: 'phone', row: owner.id };
const phone = '+4915112345678';
const mail = JSON.stringify({
  task: 'send_mail',
  payload: { to: 'ada@example.com', link: 'x'.repeat(120), id: owner.id },
});

const masterKeys = new MasterKeys([{ id: 'bench', secret: randomBytes(32) }]);
const key = DataKey.generate(owner);
const wrapped = key.wrap(masterKeys);
const sealed = key.seal(phone, place);
const sealedMail = masterKeys.seal(mail, ['job']);

const works: Record<string, () => unknown> = {
  'seal a phone number': () => key.seal(phone, place),
  'open a phone number': () => key.open(sealed, place),
  'blind index of one': () => key.blindIndex(phone, place),
  'unwrap a data key': () => DataKey.unwrap(owner, key.id, wrapped, masterKeys),
  'seal a waiting mail': () => masterKeys.seal(mail, ['job']),
  'open a waiting mail': () => masterKeys.open(sealedMail, ['job']),
};

for (const [name, work] of Object.entries(works))
  console.log(`${name.padEnd(20)} ${median(times(work)).toFixed(1)} µs`);

function times(work: () => unknown): number[] {
  return Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let call = 0; call < callsInRound; call += 1) work();
    return ((performance.now() - start) * 1000) / callsInRound;
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
