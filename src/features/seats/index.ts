export { SeatsModule } from './seats.module.ts';
export { Seats } from './seats.service.ts';
