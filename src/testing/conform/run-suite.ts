// Runs many scenarios, each on a link of its own, a few at a time, and reports rule by rule. What cannot be shown of
// this peer, since it does not offer it, is reported as skipped and never as held.

import { messageOf } from "../../errors.js";
import { capability } from "../../protocol/messages.js";
import { nameOf } from "./fields.js";
import { probeSteps } from "./ready.js";
import { RuleBroken } from "./rule-broken.js";
import { ScenarioRun, type RunOptions } from "./run-scenario.js";
import type { LinkName, OfferName, Scenario, Side } from "./scenario.js";
import type { StartSubject, Subject } from "./subject.js";

export interface Failure {
  readonly expected: string;
  readonly came: string;
  /** Frame by frame: "→" what the tester sent, "←" what came. */
  readonly frames: readonly string[];
  readonly stderr: string;
}

export interface RuleReport {
  readonly name: string;
  readonly rule: string;
  readonly section: string;
  readonly outcome: "held" | "broken" | "skipped";
  /** Why it was skipped: "not offered: streaming" or "needs conform.count". */
  readonly reason: string | null;
  readonly failure: Failure | null;
}

export interface SuiteReport {
  readonly ok: boolean;
  /** What the peer offers, as bits; null when it did not get ready. */
  readonly capabilities: number | null;
  readonly rules: readonly RuleReport[];
  readonly held: number;
  readonly broken: number;
  readonly skipped: number;
}

export interface SuiteOptions extends RunOptions {
  readonly side: Side;
  readonly link: LinkName;
  readonly scenarios: readonly Scenario[];
  readonly start: StartSubject;
  /** How many run at a time. */
  readonly jobs: number;
  /** Told of each rule, in the order of the scenarios. */
  readonly onRule?: (report: RuleReport) => void;
}

/** What the peer can do; a string says why it did not get ready. */
type Abilities = { readonly capabilities: number; readonly functions: readonly string[] } | string;

export async function runSuite(options: SuiteOptions): Promise<SuiteReport> {
  const abilities = await probe(options);
  const scenarios = options.scenarios.filter(({ side }) => side === options.side);
  const reports: (RuleReport | undefined)[] = scenarios.map(() => undefined);
  let next = 0;
  let told = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < scenarios.length; at = next++) {
      const scenario = scenarios[at];
      if (scenario === undefined) return;
      reports[at] = await reportOf(scenario, abilities, options);
      for (let ready = reports[told]; ready !== undefined; ready = reports[++told]) options.onRule?.(ready);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  const rules = reports.filter((report) => report !== undefined);
  const count = (outcome: RuleReport["outcome"]): number =>
    rules.filter((rule) => rule.outcome === outcome).length;
  const isReady = typeof abilities !== "string";
  const broken = count("broken");
  return {
    ok: isReady && broken === 0,
    capabilities: isReady ? abilities.capabilities : null,
    rules,
    held: count("held"),
    broken,
    skipped: count("skipped"),
  };
}

async function probe(options: SuiteOptions): Promise<Abilities> {
  const { side } = options;
  const steps = probeSteps[side];
  const scenario: Scenario = { name: "ready", rule: "", section: "", side, steps };
  let subject: Subject | undefined;
  try {
    subject = await options.start();
    const run = new ScenarioRun(scenario, subject, options);
    await run.run();
    const exports = run.saved("exports") as readonly { readonly name: string }[];
    return { capabilities: Number(run.saved("offered")), functions: exports.map(({ name }) => name) };
  } catch (error) {
    return messageOf(error);
  } finally {
    await subject?.destroy();
  }
}

async function reportOf(
  scenario: Scenario,
  abilities: Abilities,
  options: SuiteOptions,
): Promise<RuleReport> {
  const { name, rule, section } = scenario;
  const about = { name, rule, section };
  const reason = whySkipped(scenario, abilities, options.link);
  if (reason !== null) return { ...about, outcome: "skipped", reason, failure: null };
  const failure = await failureOf(scenario, options);
  return { ...about, outcome: failure === null ? "held" : "broken", reason: null, failure };
}

function whySkipped(scenario: Scenario, abilities: Abilities, link: LinkName): string | null {
  const { start = "ready", offers = [], needs = [], side } = scenario;
  if (scenario.link !== undefined && scenario.link !== link) return `about the link ${scenario.link}`;
  if (typeof abilities === "string") return start === "ready" ? `${nameOf(side)} did not get ready` : null;
  const lacking = offers.filter((offer) => !has(abilities.capabilities, offer));
  if (lacking.length > 0) return `not offered: ${lacking.map(offerText).join(", ")}`;
  const missing = needs.filter((name) => !abilities.functions.includes(name));
  return missing.length > 0 ? `needs ${missing.join(", ")}` : null;
}

function has(capabilities: number, offer: OfferName): boolean {
  return (capabilities & capability[offer]) !== 0;
}

function offerText(offer: OfferName): string {
  return `${offer === "inputStream" ? "input stream" : offer} (capability bit ${String(capability[offer])})`;
}

async function failureOf(scenario: Scenario, options: SuiteOptions): Promise<Failure | null> {
  let subject: Subject | undefined;
  let run: ScenarioRun | undefined;
  try {
    subject = await options.start();
    run = new ScenarioRun(scenario, subject, options);
    await run.run();
    return null;
  } catch (error) {
    const isRule = error instanceof RuleBroken;
    const expected = isRule ? error.expected : "a link on which the scenario can be played";
    const came = isRule ? error.came : messageOf(error);
    const stderr = subject?.stderrTail?.() ?? "";
    return { expected, came, frames: run?.conversation.lines ?? [], stderr };
  } finally {
    await subject?.destroy();
  }
}
