// Runs reconcilers against an API server: caches that follow the server (Caches), a queue of what to look at (Queues), the
// execution of plans (Execution), and what holds it together in a process (Running): controllers, a manager, leader election.
//
// Decisions are made elsewhere, by pure functions; nothing here knows a kind of Apus.
