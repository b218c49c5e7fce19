import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram } from "#src/services/metrics/exposition.ts";

describe("figures as Prometheus reads them", () => {
  it("are counters that only grow, from nought", () => {
    const visits = new Counter({ name: "visits_total", help: "Visits" });
    assert.equal(
      visits.text(),
      "# HELP visits_total Visits\n# TYPE visits_total counter\nvisits_total 0\n",
    );
    visits.add();
    visits.add();
    assert.match(visits.text(), /^visits_total 2$/m);
    const failures = new Counter({ name: "f_total", help: "F", labels: ["reason", "where"] });
    failures.add("late", "here");
    failures.add("late", "there");
    failures.add("late", "here");
    assert.deepEqual(failures.text().split("\n").slice(2), [
      'f_total{reason="late",where="here"} 2',
      'f_total{reason="late",where="there"} 1',
      "",
    ]);
  });

  it("are gauges that are asked when they are read", () => {
    let height = 1.5;
    const one = new Gauge({ name: "height", help: "Height" }, () => height);
    assert.match(one.text(), /^# TYPE height gauge\nheight 1\.5$/m);
    height = 0;
    assert.match(one.text(), /^height 0$/m);
    const many = new Gauge(
      { name: "many", help: "Many", labels: ["of"] },
      () => new Map(Object.entries({ a: 1, b: 2 })),
    );
    assert.match(many.text(), /^many\{of="a"\} 1\nmany\{of="b"\} 2\n$/m);
  });

  it("are histograms whose buckets hold all that is not greater", () => {
    const times = new Histogram({ name: "t", help: "T", buckets: [0.5, 1] });
    for (const seconds of [0.1, 0.5, 0.75, 4]) times.observe(seconds);
    assert.equal(
      times.text(),
      `# HELP t T
# TYPE t histogram
t_bucket{le="0.5"} 2
t_bucket{le="1"} 3
t_bucket{le="+Inf"} 4
t_sum 5.35
t_count 4
`,
    );
  });

  it("have an empty histogram before anything happened, and a row for each label", () => {
    const plain = new Histogram({ name: "t", help: "T", buckets: [1] });
    assert.match(
      plain.text(),
      /t_bucket\{le="1"\} 0\nt_bucket\{le="\+Inf"\} 0\nt_sum 0\nt_count 0/,
    );
    const labelled = new Histogram({ name: "t", help: "T", buckets: [1], labels: ["a"] });
    assert.doesNotMatch(labelled.text(), /_bucket/);
    labelled.observe(2, "x");
    assert.match(labelled.text(), /^t_bucket\{a="x",le="1"\} 0\nt_bucket\{a="x",le="\+Inf"\} 1$/m);
  });

  it("keep quotes, line ends and backslashes in their place", () => {
    const odd = new Counter({ name: "odd_total", help: "a\nb\\c", labels: ["of"] });
    odd.add('say "hi"\n\\');
    assert.deepEqual(odd.text().split("\n"), [
      "# HELP odd_total a\\nb\\\\c",
      "# TYPE odd_total counter",
      'odd_total{of="say \\"hi\\"\\n\\\\"} 1',
      "",
    ]);
  });
});
