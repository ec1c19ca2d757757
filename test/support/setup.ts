// Runs before each spec file. Packages in CommonJS that require Nest (swagger among them) can't be the first to load it:
// Jest then finds an ES module half linked. So Nest is loaded here, as the module it is.
await import('reflect-metadata');
await import('@nestjs/common');
await import('@nestjs/core');
