// What the pages do beyond being read. Everything can be read without it.

import { beginActions } from "./actions.js";
import { beginLive } from "./live.js";
import { beginTimes } from "./times.js";

beginTimes();
beginActions();
beginLive();
