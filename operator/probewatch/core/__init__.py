"""The pure decision logic: versions of pods and kubelet Events in, findings out.

Rule: standard library only, no clock, no await, no logging, no raw JSON.

`observe.observe` is the entry point. It counts restarts (`counting`, `watermarks`), gives each
a cause (`verdicts`, and the rules of `attribution`), and follows readiness (`readiness`,
`losses`) and restart loops (`loops`). `ledger.fold` adds its findings to the persisted records.
"""
