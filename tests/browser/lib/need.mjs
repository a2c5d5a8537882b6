// need.mjs - the packages of package.json, which make deps puts into build/browser.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../build/browser/', import.meta.url));

export const { chromium } = require('playwright-core');
export const axeSource = require('axe-core').source;
