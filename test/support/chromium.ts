import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { launch, type Browser } from 'puppeteer-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const ROOT = 0;

/** @throws Error where there is no browser: a test that did not run has shown nothing */
export async function startChromium(): Promise<Browser> {
  return launch({
    executablePath: chromiumPath(),
    // Its sandbox does not run as root; everything that it opens here is ours.
    args: process.getuid?.() === ROOT ? ['--no-sandbox'] : [],
  });
}

function chromiumPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = process.env['CHROMIUM'] ?? candidates.find(isExecutable);
  if (found === undefined) {
    throw new Error('There is no Chromium. Install one (Debian: apt-get install chromium), or name it in CHROMIUM.');
  }
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
