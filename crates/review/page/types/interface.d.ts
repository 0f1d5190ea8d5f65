/** What the server sends and takes. */

export type Runs = number[];
export type Vec3 = [number, number, number];
export type Verdict = "open" | "accepted" | "rejected";
export type Side = "left" | "right" | "midline";
export type Certainty = "definite" | "possible";
export type SizeBand = "small" | "large" | "macro";

export interface Mark {
  kind: "finding";
  verdict: Verdict;
  mimic: string | null;
  certainty: Certainty | null;
  region: string | null;
  side: Side | null;
  location: string | null;
  size: SizeBand | null;
  cause: string | null;
  is_group: boolean;
  note: string;
  mask: Runs | null;
}
export interface Landmark {
  kind: "landmark";
  type: string;
  world: Vec3;
  note: string;
}
export interface Quality {
  kind: "quality";
  rating: string | null;
  artefacts: string[];
  note: string;
}
export interface Finished {
  kind: "finished";
  is_finished: boolean;
}
export type Entry = Mark | Landmark | Quality | Finished;

export interface Measured {
  region: string | null;
  side: Side | null;
  or_region: string | null;
  location: string | null;
  certainty: Certainty;
  size: SizeBand;
  in_words: string | null;
}
export interface Finding {
  item: string;
  origin: "program" | "reader";
  confidence: number | null;
  center_world: Vec3;
  center_voxel: Vec3;
  diameter_mm: number;
  volume_mm3: number;
  mask: Runs;
  program_mask: Runs | null;
  measured: Measured;
  mark: Mark | null;
  count: number;
}
export type PlacedLandmark = Landmark & { item: string };

export interface Sides {
  left: number;
  right: number;
  unclear: number;
}
export interface MarsLine {
  group: string | null;
  region: string | null;
  label: string;
  definite: Sides;
  possible: Sides;
}
export interface BombsLine {
  location: string | null;
  label: string;
  certain_small: Sides;
  certain_large: Sides;
  uncertain_small: Sides;
  uncertain_large: Sides;
}
export interface Forms {
  pattern: string;
  mars: {
    lines: MarsLine[];
    subtotals: { group: string; label: string; definite: Sides; possible: Sides }[];
    total: { definite: Sides; possible: Sides };
  };
  bombs: { lines: BombsLine[] };
}
export interface Counts {
  accepted: number;
  open: number;
  rejected: number;
  added: number;
  microbleeds: number;
  macrohaemorrhages: number;
  burden_group: string;
}
export interface Reading {
  findings: Finding[];
  landmarks: PlacedLandmark[];
  quality: Quality | null;
  finished: boolean;
  forms: Forms;
  counts: Counts;
  can_undo: boolean;
  can_redo: boolean;
  undo_label: string | null;
  redo_label: string | null;
}

export interface Term {
  id: string;
  label: string;
  group?: string;
}
export interface Vocabulary {
  regions: Term[];
  locations: Term[];
  sizes?: Term[];
  mimics: Term[];
  causes: Term[];
  landmarks: Term[];
  artefacts: Term[];
  ratings: Term[];
}
export interface ListedScan {
  id: number;
  name: string;
  folder: string;
  sequence?: string;
  state: "new" | "found" | "reading" | "finished";
  findings: number | null;
  open: number | null;
  job?: number | null;
}
export interface Method {
  id: string;
  name: string;
  note: string;
}
export interface Room {
  version: string;
  research_use: string;
  review_id: string;
  reader_given: string | null;
  has_entered: boolean;
  readers: string[];
  methods: Method[];
  scans: ListedScan[];
  vocabulary: Vocabulary;
}

export interface ImageAbout {
  shape: Vec3;
  spacing_mm: Vec3;
  world_from_voxel: number[][];
  window: { black: number; white: number; lowest: number; highest: number };
  slice_axis: 0 | 1 | 2;
}
export interface Partner {
  id: string;
  name: string;
  kind: "contrast" | "visit";
  note: string;
}
export interface Scan {
  id: number;
  name: string;
  sequence: string;
  suitability: { verdict: string; reasons: string[] };
  notes: string[];
  report_text: string | null;
  image: ImageAbout;
  partners: Partner[];
  runs: { id: number; method: string; name: string; time: string; findings: number }[];
  run: number | null;
  reading: Reading;
}

export type Reference = "parent" | "seed_average" | "running_average";
export interface Grown {
  mask: Runs;
  tolerance: number;
  volume_mm3: number;
  diameter_mm: number;
  count: number;
  milliseconds: number;
}
export interface Job {
  id: number;
  scan: number;
  method: string;
  state: "waiting" | "running" | "done" | "failed";
  stage: string;
  step: number;
  seconds: number;
  error: string | null;
}
export interface Pair {
  a: string;
  b: string;
  kappa: number | null;
  kappa_low: number | null;
  kappa_high: number | null;
  places: number;
  both: number;
  only_a: number;
  only_b: number;
  neither: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
}
export interface Agreement {
  readers: string[];
  scans: number;
  pairs: Pair[];
  note: string;
}
export interface Place {
  id: string;
  center_world: Vec3;
  center_voxel: Vec3;
  items: Record<string, string | null>;
  verdicts: Record<string, Verdict | "absent">;
  agreed: boolean;
  mask: Runs;
  decision: Mark | null;
}
export interface Consensus {
  places: Place[];
  by: string | null;
}
export interface Exported {
  folder: string;
  scans: number;
  left_out: { name: string; why: string }[];
}
