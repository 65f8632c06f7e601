// SPDX-License-Identifier: MIT
/* All tests of the page, in one browser: node --test-reporter=tap all.mjs. */
import { after, before } from "node:test";
import { start, stop } from "./browser.mjs";

before(start);
after(stop);
await import("./test_sections.mjs");
await import("./test_use.mjs");
await import("./test_input.mjs");
