import { Module } from '@nestjs/common';
import { PreferencesController } from './preferences.controller.ts';
import { PreferencesRepository } from './preferences.repository.ts';
import { PreferencesService } from './preferences.service.ts';

@Module({ controllers: [PreferencesController], providers: [PreferencesService, PreferencesRepository] })
export class PreferencesModule {}
