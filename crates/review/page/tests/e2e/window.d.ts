/** What stands in the window of a page that is tested. */

import type axe from "axe-core";
import type { probe } from "../../view/probe.js";

declare global {
  interface Window {
    siderinReview: ReturnType<typeof probe>;
    axe?: typeof axe;
  }
}
