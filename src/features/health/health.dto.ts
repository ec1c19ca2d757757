import { Choice } from '../../core/http/fields.ts';

export class HealthResponse {
  @Choice(['ok'])
  status: 'ok';
}
