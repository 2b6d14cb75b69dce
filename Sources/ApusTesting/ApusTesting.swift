// What tests share: a clock that only moves when told, chance from a seed, a transport that fails on request, a poller with
// a deadline, what the machine must have, and golden files that rewrite themselves.
