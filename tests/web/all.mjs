// SPDX-License-Identifier: MIT
/* All tests of the page, in one browser: node --test-reporter=tap all.mjs. */
import { after, afterEach, before } from "node:test";
import { closePages, start, stop } from "./browser.mjs";

before(start);
afterEach(closePages);
after(stop);
await import("./test_sections.mjs");
await import("./test_use.mjs");
await import("./test_input.mjs");
await import("./test_real.mjs");
