import { Choice } from '../../core/http/index.ts';

export class HealthResponse {
  @Choice(['ok'])
  status: 'ok';
}
