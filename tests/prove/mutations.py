"""What is broken on purpose, which promise that breaks, and which test must turn red.

Promises are numbered as in `tests/promises.md`.
"""

from dataclasses import dataclass

STREAMS = "heimdall_project/streams"
MEMBER = "tests/unit/streams/test_member.py"
DESK = "tests/unit/streams/test_desk.py"
REDRIVER = "tests/integration/dlq_admin/test_redriver.py"
DOOR = "tests/integration/ingestion/test_intake_door.py"
INTAKE = "tests/integration/ingestion/test_intake_api.py"
WRITER = "tests/unit/ingestion/test_writer.py"
RECEPTION = "tests/unit/api/test_reception.py"
FATAL = "tests/integration/streams/test_fatal_producer.py"
SLOW = "tests/integration/ingestion/test_slow_clients.py"
LETTERS = "tests/integration/dlq_admin/test_indexing.py"
CONTESTED = "tests/integration/dlq_admin/test_contested.py"
GIVEN_UP = "tests/integration/dlq_admin/test_giving_up.py"
AT_ONCE = "tests/integration/dlq_admin/test_at_once.py"
ANY_ORDER = "tests/integration/dlq_admin/test_machine.py::test_dead_letters_keep_their_promises_in_any_order"
MASKING = "tests/integration/dlq_admin/test_masking.py"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One line (or a few) replaced. `old` must stand exactly once in `file`.

    Where two guards hold one promise, `also` names what else is replaced: file, old, new.
    """

    name: str
    promise: int
    file: str
    old: str
    new: str
    killer: str
    also: tuple[tuple[str, str, str], ...] = ()

    @property
    def edits(self) -> tuple[tuple[str, str, str], ...]:
        """File, old and new of all that is replaced."""
        return ((self.file, self.old, self.new), *self.also)


MUTATIONS = [
    Mutation(
        name="take poison for a flood because good records wait for a dependency",
        promise=5,
        file=f"{STREAMS}/member.py",
        old="waiting=self._held_up())\n",
        new="waiting=0)\n",
        killer="tests/unit/streams/test_floods.py"
        "::test_poison_that_came_with_good_records_is_no_flood_because_a_dependency_is_away",
    ),
    Mutation(
        name="let a soak hold though acknowledged events are missing",
        promise=8,
        file="tests/soak/judge.py",
        old="    if sent.missing:\n",
        new="    if False:\n",
        killer="tests/unit/soak/test_judge.py::test_a_run_of_which_something_is_wrong_is_named",
    ),
    Mutation(
        name="give a turn to a request whose body is not there",
        promise=6,
        file="heimdall_project/api/reception.py",
        old="            self._receive(request)\n            request.received_at",
        new="            request.received_at",
        killer=f"{SLOW}::test_clients_that_trickle_do_not_keep_the_others_out",
    ),
    Mutation(
        name="hang up on a refused client that still sends",
        promise=6,
        file="heimdall_project/api/reception.py",
        old="        if is_still_sent(request):\n",
        new="        if False:\n",
        killer=f"{DOOR}::test_a_client_that_sends_first_and_reads_then_gets_its_refusal",
    ),
    Mutation(
        name="receive any number of bodies",
        promise=6,
        file="heimdall_project/api/arrivals.py",
        old="if len(self._under_way) >= self._most:",
        new="if len(self._under_way) > 100_000:",
        killer=f"{RECEPTION}::test_so_many_bodies_are_received_at_a_time_and_no_more",
    ),
    Mutation(
        name="let slow bodies take as long as they like",
        promise=6,
        file="heimdall_project/api/cutting.py",
        old="                        each.stop_reading()\n",
        new="",
        killer=f"{RECEPTION}::test_only_a_late_body_without_any_answer_is_cut",
    ),
    Mutation(
        name="cut connections that are being answered",
        promise=6,
        file="heimdall_project/api/arrivals.py",
        old="if (known := before.get(each)) and known[0] == number else",
        new="if (known := before.get(each)) else",
        killer=f"{RECEPTION}::test_only_a_late_body_without_any_answer_is_cut",
    ),
    Mutation(
        name="let any number wait for their turn",
        promise=6,
        file="heimdall_project/api/turns.py",
        old="if self.waiting >= self._most_waiting:",
        new="if self.waiting > 100_000:",
        killer=f"{RECEPTION}::test_so_many_wait_for_a_turn_and_the_next_is_refused_at_once",
    ),
    Mutation(
        name="let a request in though it was not its turn",
        promise=6,
        file="heimdall_project/api/turns.py",
        old="if not self._free.acquire(timeout=self._seconds):",
        new="if not self._free.acquire(timeout=self._seconds) and False:",
        killer=f"{RECEPTION}::test_a_request_waits_for_its_turn_and_no_longer_than_it_may",
    ),
    Mutation(
        name="forget what waiting for its turn has cost a request",
        promise=6,
        file="ingestion/views/intake.py",
        old="deadline = received_at(request) +",
        new="deadline = __import__('time').monotonic() +",
        killer=f"{INTAKE}::test_a_request_that_waited_too_long_for_its_turn_is_503_and_nothing_is_stored",
    ),
    Mutation(
        name="keep a producer that cannot go on",
        promise=1,
        file=f"{STREAMS}/broker/posting.py",
        old="            if self._client is broken:\n                self._client = None\n",
        new="            pass\n",
        killer=f"{FATAL}::test_a_client_that_refuses_fatally_is_replaced_before_the_next_request",
    ),
    Mutation(
        name="answer a request before the broker has acknowledged its events",
        promise=1,
        file=f"{STREAMS}/broker/posting.py",
        old="        self.unsent = number\n        self._expected = number\n",
        new="        self.unsent = number\n        self._expected = self._landed = number\n"
        "        self.places = [(0, 0)] * number\n",
        killer=f"{INTAKE}::test_without_a_broker_nothing_is_accepted",
    ),
    Mutation(
        name="take a failed delivery for an accepted event",
        promise=1,
        file=f"{STREAMS}/broker/posting.py",
        old="        if error is None:\n            self.places",
        new="        if True:\n            self.places",
        killer="tests/unit/streams/test_flight.py::test_a_failure_is_kept_and_is_no_place",
    ),
    Mutation(
        name="call stored what the cursor of the writer stands at",
        promise=8,
        file="ingestion/selectors/receipts.py",
        old="    behind = max(0, min(cursor, stretch.last + 1) - stretch.first)\n",
        new="    behind = max(0, min(cursor + 1, stretch.last + 1) - stretch.first)\n",
        killer="tests/integration/ingestion/test_receipts_api.py"
        "::test_what_the_cursor_has_passed_is_stored_and_the_rest_is_in_flight",
    ),
    Mutation(
        name="do not wait for the writer where storing was asked for",
        promise=8,
        file="ingestion/services/durability.py",
        old="while not is_passed(receipt, cursors(receipt.topic, partitions)):",
        new="while not partitions:",
        killer="tests/integration/ingestion/test_receipts_api.py::test_stored_waits_for_the_writer_and_says_so",
    ),
    Mutation(
        name="call dead letters of a receipt stored",
        promise=8,
        file="ingestion/selectors/receipts.py",
        old="else self.passed - self.dead_lettered",
        new="else self.passed",
        killer="tests/integration/ingestion/test_receipts_api.py::test_dead_letters_are_found_by_their_headers",
    ),
    Mutation(
        name="call stored what became a dead letter",
        promise=8,
        file="ingestion/selectors/receipts.py",
        old="        return self.stored == self.events\n",
        new="        return self.passed == self.events\n",
        killer="tests/integration/ingestion/test_receipts_api.py"
        "::test_stored_is_not_said_of_what_became_a_dead_letter",
    ),
    Mutation(
        name="take from what is stored the letters of records that wait",
        promise=8,
        file="ingestion/selectors/receipts.py",
        old=" and offset < at.get(partition, 0)\n",
        new="\n",
        killer="tests/integration/ingestion/test_receipts_api.py"
        "::test_a_dead_letter_that_is_not_counted_yet_takes_nothing_from_what_is_stored",
    ),
    Mutation(
        name="believe receipts that nobody signed",
        promise=8,
        file="ingestion/receipts.py",
        old="        body = _signer().unsign(text)\n",
        new='        body = text.partition(".")[0]\n',
        killer="tests/unit/ingestion/test_receipts.py::test_what_was_changed_or_cut_off_is_no_receipt",
    ),
    Mutation(
        name="take any number of events that wait for the broker",
        promise=6,
        file=f"{STREAMS}/admission.py",
        old="            if self.events + events > self._most_events:\n",
        new="            if False:\n",
        killer="tests/unit/streams/test_admission.py::test_events_are_taken_up_to_the_bound_and_not_beyond",
    ),
    Mutation(
        name="take any number of requests with events",
        promise=6,
        file=f"{STREAMS}/admission.py",
        old="            if self.requests >= self._most_requests:\n",
        new="            if False:\n",
        killer=f"{INTAKE}::test_too_many_requests_are_429_and_nothing_is_stored",
    ),
    Mutation(
        name="let every request wait for a broker that is away",
        promise=6,
        file=f"{STREAMS}/admission.py",
        old="                if self._is_probed:\n",
        new="                if False:\n",
        killer="tests/unit/streams/test_admission.py"
        "::test_while_the_broker_is_away_one_request_finds_out_and_the_others_are_told_for_how_long",
    ),
    Mutation(
        name="unpack gzip without a bound",
        promise=6,
        file="ingestion/intake/bodies.py",
        old="                whole += member.decompress(piece, most + 1 - len(whole))\n",
        new="                whole += member.decompress(piece)\n",
        killer="tests/unit/ingestion/test_bodies.py::test_what_is_beyond_the_bound_is_not_even_unpacked",
    ),
    Mutation(
        name="take events while the server stops",
        promise=7,
        file=f"{STREAMS}/admission.py",
        old="            if self.stopping:\n",
        new="            if False:\n",
        killer="tests/unit/streams/test_admission.py"
        "::test_a_stopping_process_takes_no_request_and_says_that_it_stops",
    ),
    Mutation(
        name="commit before the handler ran",
        promise=1,
        file=f"{STREAMS}/member.py",
        old="            self._progress.take(place, chunk, self._inbox.add(place, chunk, now))\n",
        new="            self._progress.take(place, chunk, self._inbox.add(place, chunk, now))\n"
        "            self._progress.finish_alike(place, chunk, STORED)\n",
        killer=f"{MEMBER}::test_an_outage_writes_no_dead_letters_and_commits_nothing_past_it",
    ),
    Mutation(
        name="drop a record whose dead letter was not acknowledged",
        promise=1,
        file=f"{STREAMS}/desk.py",
        old="        if refused:\n",
        new="        if False and refused:\n",
        killer=f"{MEMBER}::test_a_dead_letter_topic_that_is_away_stops_the_worker_uncommitted",
    ),
    Mutation(
        name="start a new group at the end",
        promise=1,
        file=f"{STREAMS}/member.py",
        old="place.number, counted, low, high)\n            return low\n",
        new="place.number, counted, low, high)\n            return high\n",
        killer=f"{MEMBER}::test_records_are_handled_in_order_and_committed",
    ),
    Mutation(
        name="go on silently where committed records are gone",
        promise=1,
        file=f"{STREAMS}/member.py",
        old="        if not low <= committed <= high:\n"
        "            raise OffsetGap(place.topic, place.number, committed, low, high)\n",
        new="        if not low <= committed <= high:\n            return low\n",
        killer=f"{MEMBER}::test_a_committed_offset_that_the_broker_no_longer_has_stops_with_the_size_of_the_gap",
    ),
    Mutation(
        name="leave a unit asked to yield when its neighbour went with a partition",
        promise=7,
        file=f"{STREAMS}/member.py",
        old="        unit.yielding = False  # it stays ours",
        new="        # it stays ours",
        killer="tests/unit/streams/test_together.py::"
        "test_what_outlasts_a_rebalance_and_then_fails_is_tried_again",
    ),
    Mutation(
        name="let records that a bug sends round again hold up the others",
        promise=5,
        file=f"{STREAMS}/member.py",
        old="sum(isinstance(unit.waits_for, TransientError) for unit in self._again)",
        new="len(self._again)",
        killer="tests/unit/streams/test_together.py::"
        "test_those_that_a_bug_sends_round_again_hold_up_nobody_else",
    ),
    Mutation(
        name="take a redrive in a batch for an ordinary record",
        promise=3,
        file=f"{STREAMS}/batching.py",
        old="        if not self._failing.skips() and not _is_marked(left):\n",
        new="        if not self._failing.skips():\n",
        killer=f"{MEMBER}::test_redrives_are_handled_together_where_a_batch_that_fails_changed_nothing",
    ),
    Mutation(
        name="handle a redrive that must not be handled twice together with the batch around it",
        promise=3,
        file=f"{STREAMS}/batching.py",
        old="alone=not self._may_repeat()",
        new="alone=False",
        killer=f"{MEMBER}::test_a_redrive_that_must_not_be_handled_twice_is_handled_alone",
    ),
    Mutation(
        name="handle two copies of a redrive in one batch",
        promise=3,
        file=f"{STREAMS}/batching.py",
        old="redrive_id in redrives or ",
        new="",
        killer=f"{MEMBER}::test_two_copies_of_a_redrive_in_one_batch_are_handled_once",
    ),
    Mutation(
        name="take the invalid records of a batch for stored",
        promise=1,
        file=f"{STREAMS}/failing.py",
        old="                self.fail(unit, record, self._consumer.explain(record, error))\n",
        new="                unit.verdicts[record.offset] = STORED\n",
        killer=f"{MEMBER}::"
        "test_records_of_a_batch_that_do_not_decode_end_alone_and_the_handler_sees_the_others",
    ),
    Mutation(
        name="count all records of a batch under the source of its first",
        promise=8,
        file=f"{STREAMS}/offsets.py",
        old="if there.count(there[0]) == named else None",
        new="",
        killer="tests/unit/streams/test_offsets.py::test_ending_alike_is_only_a_cheaper_way_to_say_the_same",
    ),
    Mutation(
        name="commit past a record that has no end",
        promise=1,
        file=f"{STREAMS}/offsets.py",
        old="        while waiting and (verdict := done.pop(waiting[0].offset, None)) is not None:\n"
        "            record = waiting.popleft()\n",
        new="        while waiting and done:\n"
        "            record = waiting.popleft()\n"
        "            verdict = done.pop(record.offset, Verdict(Outcome.STORED))\n",
        killer=f"{MEMBER}::test_a_dead_letter_topic_that_is_away_stops_the_worker_uncommitted",
    ),
    Mutation(
        name="go on after an exception out of a client callback",
        promise=1,
        file=f"{STREAMS}/broker/consuming.py",
        old="        if self._raised is not None:\n            raise self._raised\n",
        new="        self._raised = None\n",
        killer="tests/faults/test_client.py::"
        "test_an_exception_inside_a_client_callback_ends_the_worker_and_skips_nothing",
    ),
    Mutation(
        name="read on in a topic that was recreated",
        promise=1,
        file=f"{STREAMS}/desk.py",
        old='            if recreated(self.topic_ids.get(name, ""), current):\n',
        new="            if not current:\n",
        killer=f"{DESK}::test_a_topic_recreated_under_a_running_worker_is_noticed_before_anything_is_counted",
    ),
    Mutation(
        name="skip outbox rows below the last one that was sent",
        promise=2,
        file=f"{STREAMS}/outbox_store.py",
        old="        WHERE sent_at IS NULL {unless_held} ORDER BY id LIMIT %(rows)s\n",
        new="        WHERE sent_at IS NULL AND id > (SELECT coalesce(max(id), 0) FROM streams_outboxmessage\n"
        "            WHERE sent_at IS NOT NULL) {unless_held} ORDER BY id LIMIT %(rows)s\n",
        killer="tests/integration/outbox/test_rows.py::"
        "test_a_transaction_on_another_key_that_commits_an_early_row_late_is_not_passed_by",
    ),
    Mutation(
        name="write outbox rows without the lock of their key",
        promise=2,
        file=f"{STREAMS}/outbox.py",
        old="pg_advisory_xact_lock(",
        new="pg_try_advisory_xact_lock(",
        killer="tests/integration/outbox/test_publish.py::"
        "test_the_second_writer_of_a_key_waits_and_gets_the_higher_id",
    ),
    Mutation(
        name="mark rows without asking whether the lease still holds",
        promise=2,
        file=f"{STREAMS}/lease.py",
        old="WHERE name = %(name)s AND holder = %(holder)s AND token = %(token)s\n"
        "RETURNING clock_timestamp()",
        new="WHERE name = %(name)s\nRETURNING clock_timestamp()",
        killer="tests/integration/outbox/test_rows.py::test_a_stale_relay_marks_nothing",
    ),
    Mutation(
        name="publish although the lease may have run out meanwhile",
        promise=2,
        file=f"{STREAMS}/relay.py",
        old="        if not self._lease.is_fresh:\n",
        new="        if False:\n",
        killer="tests/unit/streams/test_relay.py::"
        "test_a_relay_frozen_while_it_read_asks_for_the_lease_before_it_publishes",
    ),
    Mutation(
        name="mark rows before they are delivered",
        promise=2,
        file=f"{STREAMS}/relay.py",
        old="        answers = self._producer.publish(records)\n",
        new='        self._store.mark(self._lease, [(row, Delivered("", 0, 0)) for row in rows])\n'
        "        answers = self._producer.publish(records)\n",
        killer="tests/unit/streams/test_relay.py::"
        "test_rows_behind_a_refused_one_of_their_key_are_published_after_it",
    ),
    Mutation(
        name="handle every copy of a redrive",
        promise=3,
        file=f"{STREAMS}/redrive_gate.py",
        old="            if status.get(each) == Status.OK:\n",
        new="            if False:\n",
        killer=f"{MEMBER}::test_a_redrive_is_handled_once_however_often_it_is_published",
    ),
    Mutation(
        name="let the driver repeat an insert",
        promise=3,
        file="heimdall_project/clients/clickhouse.py",
        old="                memoryview(rows),  # type: ignore[arg-type]\n",
        new="                rows,\n",
        killer="tests/clickhouse/test_client.py::"
        "test_an_insert_whose_answer_is_lost_is_not_sent_a_second_time",
    ),
    Mutation(
        name="believe forged redrive marks",
        promise=3,
        file=f"{STREAMS}/redrive.py",
        old="    if not any(constant_time_compare(_mac(key, *signed), mac) for key in keys):\n"
        "        return None\n",
        new="    assert keys and signed\n",
        killer=f"{MEMBER}::test_a_forged_redrive_is_an_ordinary_record",
    ),
    Mutation(
        name="handle redrives that are for another group",
        promise=3,
        file=f"{STREAMS}/redrive_gate.py",
        old="            if addressed.group != self._group\n",
        new="            if False\n",
        killer=f"{MEMBER}::test_a_redriven_record_reaches_only_the_group_that_it_is_for",
    ),
    Mutation(
        name="give a partition back with work in hand",
        promise=3,
        file=f"{STREAMS}/member.py",
        old="            self._yield_all(partitions, deadline)\n"
        "            self._desk.finish(deadline, self._progress)\n"
        "            spans",
        new="            self._desk.finish(deadline, self._progress)\n            spans",
        killer=f"{DESK}::test_work_in_hand_of_a_revoked_partition_is_finished_and_committed_first",
    ),
    Mutation(
        name="keep what is in hand of a lost partition",
        promise=3,
        file=f"{STREAMS}/member.py",
        old='        self._forget(partitions)\n        log.warning("Partitions lost."',
        new='        log.warning("Partitions lost."',
        killer=f"{DESK}::test_what_is_in_hand_of_a_lost_partition_is_dropped",
    ),
    Mutation(
        name="take a refused commit for done",
        promise=3,
        file=f"{STREAMS}/desk.py",
        old="            self._settlement = None\n            self._not_settled(error)\n            return\n",
        new="            self._settlement = None\n"
        "            self._settled(job.spans, progress)\n"
        "            return\n",
        killer=f"{DESK}::test_a_commit_that_is_refused_while_the_partition_stays_is_repeated",
    ),
    Mutation(
        name="commit from a thread that the client keeps out",
        promise=3,
        file=f"{STREAMS}/desk.py",
        old="self._broker.commit_soon(_ends(job.spans))",
        new="self._pool.submit(self._broker.commit, _ends(job.spans))",
        killer=f"{DESK}::test_offsets_are_committed_from_the_thread_that_polls",
    ),
    Mutation(
        name="let a late dead letter speak for a later assignment",
        promise=3,
        file=f"{STREAMS}/member.py",
        old="        self._desk.forget(gone)\n",
        new="",
        killer=f"{DESK}::test_dead_letters_of_a_partition_that_came_back_are_settled_by_its_new_assignment",
    ),
    Mutation(
        name="forget how a redrive ended",
        promise=3,
        file=f"{STREAMS}/redrive_gate.py",
        old="self._books.redrives_ended(self._group, [self._unwritten[each][0]",
        new="iter([self._unwritten[each][0]",
        killer=f"{MEMBER}::test_a_redrive_is_handled_once_however_often_it_is_published",
    ),
    Mutation(
        name="apply a result to a job that has ended",
        promise=4,
        file="jobs/services/results.py",
        old="AND job.status = ANY(%s)\n",
        new="AND %s::text[] IS NOT NULL\n",
        killer="tests/integration/jobs/test_life.py::test_another_result_after_the_end_is_late",
    ),
    Mutation(
        name="analyse again what has an outcome",
        promise=4,
        file="jobs/services/claims.py",
        old="    if attempt.outcome and _has_answer(attempt):\n        return Answered(attempt)\n",
        new="",
        killer="tests/integration/jobs/test_life.py::test_a_request_that_comes_again_gets_the_stored_answer",
    ),
    Mutation(
        name="apply the result of a replaced attempt",
        promise=4,
        file="jobs/services/results.py",
        old="AND job.request_id = new.request_id AND",
        new="AND",
        killer="tests/integration/jobs/test_life.py::test_a_result_of_a_replaced_attempt_is_late",
    ),
    Mutation(
        name="let a replaced attempt answer for its job",
        promise=4,
        file="jobs/services/locking.py",
        old="        return self.current == self.request_id and not Status(self.status).is_terminal\n",
        new="        return not Status(self.status).is_terminal\n",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_an_outcome_of_a_lapsed_attempt_is_refused_and_told",
    ),
    Mutation(
        name="give up a lease that was renewed meanwhile",
        promise=4,
        file="jobs/services/sweeping.py",
        old="AnalysisAttempt.objects.filter(lapsed, pk=attempt.pk)",
        new="AnalysisAttempt.objects.filter(pk=attempt.pk)",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_a_lease_renewed_while_the_sweeper_looks_is_left_alone",
    ),
    Mutation(
        name="sweep jobs that somebody else has locked",
        promise=4,
        file="jobs/services/sweeping.py",
        old="AnalysisJob.objects.select_for_update(no_key=True, skip_locked=True)",
        new="AnalysisJob.objects",
        killer="tests/integration/jobs/test_sweeper.py::test_a_job_that_somebody_has_locked_is_passed_by",
    ),
    Mutation(
        name="hand on for ever what no worker outlives",
        promise=4,
        file="jobs/services/claims.py",
        old="        claims[attempt.request_id] = Ended(attempt)\n",
        new="        pass\n",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_a_request_that_outlives_no_worker_is_not_handed_to_the_next_for_ever",
    ),
    Mutation(
        name="let the deadline of a model begin anew with each claim",
        promise=5,
        file="jobs/services/claims.py",
        old="started_at = coalesce(started_at, now())",
        new="started_at = now()",
        killer="tests/integration/jobs/test_life.py::"
        "test_whoever_claims_again_an_attempt_began_with_its_first_claim",
    ),
    Mutation(
        name="queue an attempt by the mark of the one before",
        promise=4,
        file="jobs/services/publication.py",
        old=" and job.current == job.request_id",
        new="",
        killer="tests/integration/jobs/test_life.py::"
        "test_a_mark_of_the_attempt_before_does_not_queue_the_one_that_follows",
    ),
    Mutation(
        name="let an outside result replace a stored outcome",
        promise=4,
        file="jobs/services/results.py",
        old="WHERE attempt.id = new.id AND attempt.finished_at IS NULL\n",
        new="WHERE attempt.id = new.id\n",
        killer="tests/integration/jobs/test_life.py::"
        "test_an_outside_result_that_is_faster_than_ours_leaves_the_stored_outcome_as_it_is",
    ),
    Mutation(
        name="fail in the queue what was claimed meanwhile",
        promise=4,
        file="jobs/services/sweeping.py",
        old="filter(which, job_id__in=locked)",
        new="filter(finished_at=None, job_id__in=locked)",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_a_job_that_is_claimed_while_the_queue_is_swept_is_left_alone",
    ),
    Mutation(
        name="let the lease of what waits for its next try lapse",
        promise=4,
        file="analysis/services/handling.py",
        old="(self._keeper.let_go if through else self._keeper.keep)(each)",
        new="self._keeper.let_go(each)",
        killer="tests/integration/analysis/test_keeper.py::"
        "test_of_what_a_worker_handles_together_it_keeps_what_is_to_be_tried_again",
    ),
    Mutation(
        name="retry a job whose workers fall silent for ever",
        promise=4,
        file="jobs/services/sweeping.py",
        old="        if attempt.round_try < settings.JOB_ATTEMPTS:\n",
        new="        if attempt.round_try:\n",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_after_the_last_try_the_job_fails_and_those_outside_are_told_as_by_a_worker",
    ),
    Mutation(
        name="begin the second try of a job at once",
        promise=4,
        file="jobs/services/sweeping.py",
        old="due_at__lte=Now())",
        new="due_at__isnull=False)",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_a_retry_is_published_when_it_is_due_and_not_before",
    ),
    Mutation(
        name="let jobs wait in the queue for ever",
        promise=4,
        file="jobs/services/sweeping.py",
        old="created_at__lt=Now() - waited)",
        new="created_at__lt=Now() - 100 * waited)",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_a_job_that_nobody_claims_fails_and_says_that_it_waited_in_the_queue",
    ),
    Mutation(
        name="end a job without telling those outside",
        promise=2,
        file="jobs/services/sweeping.py",
        old="            events.append(_fail(job, attempt, Event.LEASE_LAPSED, message))\n",
        new="            _fail(job, attempt, Event.LEASE_LAPSED, message)\n",
        killer="tests/integration/jobs/test_sweeper.py::"
        "test_after_the_last_try_the_job_fails_and_those_outside_are_told_as_by_a_worker",
    ),
    Mutation(
        name="send a job again that has its result",
        promise=4,
        file="jobs/states.py",
        old="REDRIVABLE = frozenset({Status.FAILED, Status.CANCELLED})\n",
        new="REDRIVABLE = TERMINAL\n",
        killer="tests/unit/jobs/test_states.py::test_a_redrive_leaves_ends_without_a_result_and_no_others",
    ),
    Mutation(
        name="let leases lapse under a worker that lives",
        promise=4,
        file="analysis/services/keeper.py",
        old="            ask = leases_renew if due else attempts_wanted\n",
        new="            ask = attempts_wanted\n",
        killer="tests/integration/analysis/test_keeper.py::"
        "test_the_leases_of_everything_in_hand_are_renewed_in_one_statement",
    ),
    Mutation(
        name="renew the leases of other workers",
        promise=4,
        file="jobs/services/leases.py",
        old=" AND attempt.worker = %(worker)s\n",
        new="\n",
        killer="tests/integration/analysis/test_keeper.py::test_leases_of_others_are_not_renewed",
    ),
    Mutation(
        name="analyse to the end what was cancelled",
        promise=4,
        file="analysis/services/keeper.py",
        old="                held.given_up = True\n",
        new="                held.given_up = False\n",
        killer="tests/integration/analysis/test_keeper.py::"
        "test_what_nobody_waits_for_is_given_up_between_the_steps_of_the_engine",
    ),
    Mutation(
        name="leave the attempt of a cancelled job open",
        promise=4,
        file="jobs/services/cancelling.py",
        old="finished_at=timezone.now(), outcome=Outcome.CANCELLED, lease_expires_at=None, due_at=None",
        new="lease_expires_at=None",
        killer="tests/integration/jobs/test_cancel.py::"
        "test_a_job_that_waits_is_cancelled_and_its_request_is_ignored",
    ),
    Mutation(
        name="redrive a job that runs",
        promise=4,
        file="jobs/services/redriving.py",
        old="    if job.status not in REDRIVABLE:\n",
        new="    if job.status == Status.SUCCEEDED:\n",
        killer="tests/integration/jobs/test_redrive.py::"
        "test_only_failed_and_cancelled_jobs_can_be_sent_again",
    ),
    Mutation(
        name="begin a redrive twice that was asked for twice at once",
        promise=4,
        file="jobs/services/redriving.py",
        old="    if earlier := _earlier(job_id, redrive_id):  # under the lock",
        new='    if earlier := _earlier(job_id, ""):  # under the lock',
        killer="tests/integration/jobs/test_redrive.py::"
        "test_the_same_job_redriven_twice_at_once_gets_one_attempt",
    ),
    Mutation(
        name="purge timelines of jobs that ended lately",
        promise=4,
        file="jobs/services/purging.py",
        old=".filter(at__lt=long_ago, job__finished_at__lt=long_ago)",
        new=".filter(at__lt=long_ago)",
        killer="tests/integration/jobs/test_purge.py::test_a_job_that_took_long_and_ended_lately_keeps_its_timeline",
    ),
    Mutation(
        name="end a job twice by two results in one batch",
        promise=4,
        file="jobs/services/results.py",
        old="Applied.ENDED_JOB if ended.get(event.request_id) is event else",
        new="Applied.ENDED_JOB if event.request_id in ended else",
        killer="tests/integration/jobs/test_workers_in_memory.py::"
        "test_every_result_has_its_outcome_in_the_ledger",
    ),
    Mutation(
        name="take what a hand-over did not begin for done",
        promise=1,
        file=f"{STREAMS}/hands.py",
        old="        if end is None:\n            return\n",
        new="        end = end or STORED\n",
        killer="tests/unit/streams/test_together.py::"
        "test_what_a_hand_over_did_not_begin_is_offered_again_and_not_committed_before",
    ),
    Mutation(
        name="take what a batch left for done",
        promise=1,
        file=f"{STREAMS}/batching.py",
        old="            if record.offset in batch.left:\n                continue\n",
        new="",
        killer=f"{MEMBER}::test_what_a_batch_handler_leaves_is_offered_again_and_not_committed_before",
    ),
    Mutation(
        name="look for a culprit in an outage",
        promise=5,
        file=f"{STREAMS}/hands.py",
        old="            if not isinstance(error, StopOnPurpose | TransientError) and not is_away(error):\n"
        "                for unit",
        new="            if True:\n                for unit",
        killer="tests/unit/streams/test_together.py::"
        "test_an_outage_during_a_call_is_everybodys_and_nobody_is_handled_alone",
    ),
    Mutation(
        name="hand over in any order",
        promise=6,
        file=f"{STREAMS}/inbox.py",
        old="key=rank, reverse=True)[:most]",
        new="key=rank)[:most]",
        killer="tests/unit/streams/test_together.py::test_what_is_urgent_overtakes_what_is_not_begun",
    ),
    Mutation(
        name="begin every record of a hand-over however long it takes",
        promise=6,
        file=f"{STREAMS}/hands.py",
        old="            return self._clock.monotonic() < began + SLICE and not any(",
        new="            return not any(",
        killer="tests/unit/streams/test_together.py::"
        "test_a_hand_over_that_takes_long_begins_no_further_record",
    ),
    Mutation(
        name="treat an outage as a bad record",
        promise=5,
        file=f"{STREAMS}/failing.py",
        old="        if isinstance(error, StopOnPurpose | TransientError):\n            raise error\n",
        new="        if isinstance(error, StopOnPurpose):\n            raise error\n",
        killer=f"{MEMBER}::test_an_outage_writes_no_dead_letters_and_commits_nothing_past_it",
    ),
    Mutation(
        name="never call a large share of invalid records a flood",
        promise=5,
        file=f"{STREAMS}/flood.py",
        old="        if self._share_too_large(waiting):\n",
        new="        if False:\n",
        killer=f"{MEMBER}::test_a_large_share_of_invalid_records_stops_the_worker_even_after_good_ones",
    ),
    Mutation(
        name="never call invalid first records a flood",
        promise=5,
        file=f"{STREAMS}/flood.py",
        old="Decision.HOLD if waiting else Decision.FLOOD",
        new="Decision.HOLD if waiting else Decision.ADMIT",
        killer=f"{MEMBER}::test_a_flood_of_invalid_records_stops_the_worker_with_offsets_unmoved",
    ),
    Mutation(
        name="retry a bug for ever",
        promise=5,
        file=f"{STREAMS}/retry.py",
        old="        return attempt >= self.attempts\n",
        new="        return False\n",
        killer=f"{MEMBER}::test_an_unexpected_error_is_tried_a_bounded_number_of_times",
    ),
    Mutation(
        name="change the bytes of a dead letter",
        promise=5,
        file=f"{STREAMS}/dead_letters.py",
        old="        value=record.value,\n",
        new="        value=(record.value or b'').strip(b'\\x00\\xff '),\n",
        killer=f"{MEMBER}::test_an_invalid_record_becomes_a_dead_letter_with_identical_bytes_and_the_rest_flows_on",
    ),
    Mutation(
        name="dead-letter the first records of what may be a flood",
        promise=5,
        file=f"{STREAMS}/flood.py",
        old="            return Decision.HOLD\n",
        new="            return Decision.ADMIT\n",
        killer="tests/unit/streams/test_floods.py::"
        "test_the_first_records_of_a_flood_are_not_dead_lettered_though_they_come_one_by_one",
    ),
    Mutation(
        name="take in without a bound",
        promise=6,
        file=f"{STREAMS}/member.py",
        old="        return min(capacity - progress.unfinished, 10 * capacity - progress.window,",
        new="        return max(capacity, 10 * capacity - progress.window,",
        killer=f"{MEMBER}::test_polling_goes_on_during_an_outage_and_memory_stays_bounded",
    ),
    Mutation(
        name="let spans wait without a bound",
        promise=6,
        file="heimdall_project/observability/recording.py",
        old="        if len(self._waiting) >= self._bound or self._closing:\n",
        new="        if self._closing:\n",
        killer="tests/unit/observability/test_recording.py"
        "::test_work_never_waits_for_a_collector_and_what_has_no_room_is_counted",
    ),
    Mutation(
        name="write events without the trace of their change",
        promise=2,
        file=f"{STREAMS}/outbox.py",
        old='        **({} if "traceparent" in own else tracing.carried()),\n',
        new="",
        killer="tests/integration/outbox/test_publish.py"
        "::test_correlation_and_trace_of_the_work_in_hand_go_along",
    ),
    Mutation(
        name="let a retry begin a trace of its own",
        promise=2,
        file="jobs/services/attempts.py",
        old="    with _trace(job, attempt):\n",
        new="    with tracing.traced(None):\n",
        killer="tests/integration/jobs/test_traces.py"
        "::test_a_retry_of_a_job_whose_rows_are_purged_stays_in_its_trace_too",
    ),
    Mutation(
        name="let a handler run for ever",
        promise=7,
        file=f"{STREAMS}/member.py",
        old="            if began is not None and now - began > self.consumer.handler_budget:\n",
        new="            if began is None and now - 0.0 > self.consumer.handler_budget * 1e12:\n",
        killer=f"{MEMBER}::test_a_handler_that_exceeds_its_budget_ends_the_worker",
    ),
    Mutation(
        name="leave without committing what is finished",
        promise=7,
        file=f"{STREAMS}/member.py",
        old="        self._desk.settle_now("
        "self._progress.ready(), self._meter.window, self._progress, deadline)\n"
        "        finished = not self._running\n",
        new="        finished = not self._running\n        self._abandoned = True\n",
        killer=f"{MEMBER}::test_draining_commits_what_is_finished_and_leaves_the_group",
    ),
    Mutation(
        name="give partitions back before what is finished is committed",
        promise=3,
        file=f"{STREAMS}/member.py",
        old="            self._desk.settle_now(spans, self._meter.window, self._progress, deadline)\n",
        new="            assert spans is not None\n",
        killer=f"{MEMBER}::test_what_is_finished_is_committed_before_its_partition_goes",
    ),
    Mutation(
        name="ignore the second signal",
        promise=7,
        file=f"{STREAMS}/signals.py",
        old="        if asked > 1 and not supervised:\n",
        new="        if asked > 100 and not supervised:\n",
        killer="tests/faults/test_signals.py::test_the_second_signal_leaves_at_once",
    ),
    Mutation(
        name="spend the drain budget twice",
        promise=7,
        file=f"{STREAMS}/member.py",
        old="        self._abandoned = True  # the budget",
        new="        self._abandoned = False  # the budget",
        killer="tests/unit/streams/test_draining.py::test_a_handler_that_hangs_costs_the_drain_budget_once",
    ),
    Mutation(
        name="start again what stopped on purpose",
        promise=7,
        file=f"{STREAMS}/slots.py",
        old="        if code == ExitCode.ON_PURPOSE and not self.holding:\n",
        new="        if code == ExitCode.USAGE and not self.holding:\n",
        killer="tests/unit/streams/test_supervisor_slots.py::"
        "test_a_worker_that_stopped_on_purpose_is_followed_by_a_process_that_waits_for_an_order",
    ),
    Mutation(
        name="count outcomes again that the cursor has passed",
        promise=8,
        file=f"{STREAMS}/books.py",
        old="    since = span.start if cursor is None else cursor\n",
        new="    since = span.start\n",
        killer=f"{MEMBER}::test_a_commit_that_fails_is_repeated_and_counts_nothing_twice",
    ),
    Mutation(
        name="follow timelines past lines that are not committed yet",
        promise=2,
        file="jobs/selectors/horizon.py",
        old="            upto = max(upto, drawn if not writers else self._mark)\n",
        new="            upto = max(upto, drawn)\n",
        killer="tests/integration/jobs/test_live.py::test_a_line_that_is_committed_late_is_not_skipped",
    ),
    Mutation(
        name="let a model that is away cost tries",
        promise=5,
        file="analysis/services/analysing.py",
        old="    if waited < settings.MODEL_DEADLINE:\n        raise error\n",
        new="    if waited < settings.MODEL_DEADLINE:\n"
        "        raise Flawed(FailureClass.MODEL_UNAVAILABLE, str(error))\n",
        killer="tests/integration/analysis/test_model_jobs.py::"
        "test_before_its_deadline_the_job_waits_and_succeeds_when_the_model_is_back",
    ),
    Mutation(
        name="wait for a model for ever",
        promise=5,
        file="analysis/services/analysing.py",
        old="    if waited < settings.MODEL_DEADLINE:\n",
        new="    if waited < 1e9:\n",
        killer="tests/integration/analysis/test_model_jobs.py::test_an_outside_request_fails_at_the_deadline_too",
    ),
    Mutation(
        name="believe lines that a model made up",
        promise=5,
        file="analysis/providers/openai/drafts.py",
        old="        if each.line not in citable:\n",
        new="        if each.line < 1:\n",
        killer="tests/unit/analysis/model/test_provider.py::test_a_model_that_obeys_cannot_cite_what_is_not_there",
    ),
    Mutation(
        name="hammer an endpoint that is down",
        promise=6,
        file="analysis/providers/openai/hold.py",
        old="                if self._trying or self._monotonic() < self._until:\n",
        new="                if self._monotonic() < 0:\n",
        killer="tests/unit/analysis/model/test_provider.py::test_while_it_is_away_others_do_not_call",
    ),
    Mutation(
        name="forget what calls under way may use",
        promise=6,
        file="analysis/budget/ledger.py",
        old="filter(client=row.account, day=now.date())",
        new="none()",
        killer="tests/integration/analysis/test_budget.py::test_fifty_calls_at_once_cannot_overshoot_together",
    ),
    Mutation(
        name="keep reservations that expired for ever",
        promise=6,
        file="analysis/budget/ledger.py",
        old="filter(client=client, expires_at__lte=now).delete()",
        new="none()",
        killer="tests/integration/analysis/test_budget.py::test_a_reservation_left_behind_counts_until_it_expires",
    ),
    Mutation(
        name="stay on the line for an answer that nobody waits for",
        promise=7,
        file="analysis/providers/openai/endpoint.py",
        old="                except TimeoutError:\n                    wanted()\n",
        new="                except TimeoutError:\n                    continue\n",
        killer="tests/unit/analysis/model/test_provider.py::test_a_call_under_way_ends_when_nobody_waits_any_more",
    ),
    Mutation(
        name="propose a set that nobody looked at",
        promise=4,
        file="dlq_admin/services/batches/freezing.py",
        old="    if seen_hash and seen_hash != seen:\n",
        new="    if False:\n",
        killer="tests/integration/dlq_admin/test_admin_acts.py::"
        "test_nothing_is_proposed_when_letters_moved_on_since_the_page_was_shown",
    ),
    Mutation(
        name="plan a set of letters by what the database believed before they came",
        promise=6,
        file="dlq_admin/services/planning.py",
        old="        if 0 <= sql.fetchone()[0] < least:",
        new="        if 0 > sql.fetchone()[0] < least:",
        killer="tests/integration/dlq_admin/test_large_sets.py::"
        "test_a_table_that_the_planner_takes_for_empty_is_asked_by_its_keys_all_the_same",
    ),
    Mutation(
        name="propose the same set twice",
        promise=4,
        file="dlq_admin/services/batches/proposing.py",
        old='    return own.order_by("-pk").first() if seen_hash else None\n',
        new="    return None if own else None\n",
        killer="tests/integration/dlq_admin/test_admin_acts.py::"
        "test_a_proposal_that_is_sent_twice_is_made_once",
    ),
    Mutation(
        name="send letters again that failed once more since they were shown",
        promise=4,
        file="dlq_admin/admin/many.py",
        old="    still = [pk for pk in seen if pk not in set(moved)]\n",
        new="    still, moved = list(seen), []\n",
        killer="tests/integration/dlq_admin/test_admin_many.py::"
        "test_several_are_sent_again_in_a_batch_for_each_approver_and_the_others_are_named",
    ),
    Mutation(
        name="send jobs again that moved on since the preview",
        promise=4,
        file="jobs/admin/many.py",
        old="    return others - {own[each] for each in begun}\n",
        new="    return set()\n",
        killer="tests/integration/jobs/test_admin_orders.py::"
        "test_jobs_that_moved_on_since_the_preview_are_left_and_named",
    ),
    Mutation(
        name="leave offsets without a record uncounted",
        promise=8,
        file=f"{STREAMS}/books.py",
        old="    if absent > 0:\n",
        new="    if absent < 0:\n",
        killer="tests/unit/streams/test_books.py::test_offsets_without_a_record_are_counted_as_absent",
    ),
    Mutation(
        name="measure what is in flight as a remainder of the outcomes",
        promise=8,
        file=f"{STREAMS}/balance.py",
        old="        since = self.cursor if self.cursor is not None else self.first or 0\n",
        new="        since = (self.start or 0) + self.counted\n",
        killer="tests/unit/streams/test_balance.py::test_what_is_in_flight_does_not_follow_from_the_outcomes",
    ),
    Mutation(
        name="balance the books without their outcomes",
        promise=8,
        file=f"{STREAMS}/balance.py",
        old="        if self.counted != self.passed:\n",
        new="        if self.counted > self.passed:\n",
        killer="tests/unit/streams/test_balance.py::test_what_is_in_flight_does_not_follow_from_the_outcomes",
    ),
    Mutation(
        name="check the ledger without asking what is missing in ClickHouse",
        promise=8,
        file="ingestion/checking/compare.py",
        old="        if stored != there:\n",
        new="        if stored < there:\n",
        killer="tests/integration/ingestion/test_check_ledger.py::"
        "test_a_stored_row_that_is_gone_is_named_with_its_offset",
    ),
    Mutation(
        name="take what arrived for what readers see",
        promise=8,
        file="ingestion/checking/run.py",
        old="        if found.ids != found.events:\n",
        new="        if found.ids > found.events:\n",
        killer="tests/integration/ingestion/test_check_ledger.py::"
        "test_an_event_that_arrived_and_is_not_among_the_page_views_is_named",
    ),
    Mutation(
        name="look only for events that are missing, and for none that nobody sent",
        promise=8,
        file="ingestion/checking/run.py",
        old="        for each in arrivals.strays(reader, range_, bucket, buckets):\n",
        new="        for each in ():\n",
        killer="tests/integration/ingestion/test_check_ledger.py::"
        "test_a_page_view_of_a_record_that_did_not_arrive_is_named",
    ),
    Mutation(
        name="compare a part of a minute with the books of all of it",
        promise=8,
        file="ingestion/checking/run.py",
        old="    since, until = _whole_minutes(since, until)\n",
        new="",
        killer="tests/integration/ingestion/test_check_ledger.py::"
        "test_a_minute_that_a_range_begins_or_ends_in_is_judged_as_a_whole",
    ),
    Mutation(
        name="judge offsets that nobody has counted yet",
        promise=8,
        file="ingestion/checking/run.py",
        old="        end = min(first + CHUNK, of.cursor)\n",
        new="        end = first + CHUNK\n",
        killer="tests/integration/ingestion/test_check_ledger.py::test_it_judges_only_what_is_below_the_cursors",
    ),
    Mutation(
        name="count an event as often as it came",
        promise=3,
        file="ingestion/reading/stats.py",
        old="    GROUP BY sipHash128(event_id)\n",
        new="    GROUP BY topic, partition, offset\n",
        killer="tests/integration/ingestion/test_page_views_api.py::"
        "test_an_event_counts_once_however_often_it_came",
    ),
    Mutation(
        name="let the intent of an act vanish with its transaction",
        promise=9,
        file="heimdall_project/accounts/audit.py",
        old="    with transaction.atomic(durable=True):\n        intent = ",
        new="    with transaction.atomic():\n        intent = ",
        killer="tests/integration/platform/test_audit.py::"
        "test_an_act_cannot_hide_in_a_transaction_that_may_be_rolled_back",
    ),
    Mutation(
        name="catch everything without saying why",
        promise=10,
        file=f"{STREAMS}/relay.py",
        old="        except Fenced:\n",
        new="        except Exception:\n",
        killer="tests/architecture/test_broad_handlers.py::test_each_broad_handler_says_why_it_stands_there",
    ),
    Mutation(
        name="let a letter hide another that claims its place",
        promise=1,
        file="dlq_admin/services/indexing.py",
        old="        elif is_same(letters[n], digest):\n",
        new="        elif digest:\n",
        killer=f"{CONTESTED}::test_a_letter_whose_place_another_claimed_before_keeps_it_and_both_are_marked",
    ),
    Mutation(
        name="leave a letter unmarked whose place another claims",
        promise=1,
        file="dlq_admin/services/indexing.py",
        old="    places_contested((facts for _, facts in written), actor=ACTOR)\n",
        new="",
        killer=f"{CONTESTED}::test_two_that_index_different_claims_to_one_place_at_once_mark_both",
    ),
    Mutation(
        name="send what is contested among many others",
        promise=1,
        file="dlq_admin/services/contested.py",
        old='DECIDED = "(NOT {letter}.contested OR ',
        new='DECIDED = "(TRUE OR NOT {letter}.contested OR ',
        killer=f"{CONTESTED}::test_among_many_only_what_a_worker_here_wrote_is_sent",
    ),
    Mutation(
        name="send what was contested after it was proposed",
        promise=1,
        file="dlq_admin/services/sets.py",
        old='        AND {DECIDED.format(letter="letter")}""",\n',
        new='""",\n',
        killer=f"{CONTESTED}::test_a_letter_that_is_contested_between_proposal_and_approval_is_not_sent",
    ),
    Mutation(
        name="take the headers of a record for no part of it",
        promise=1,
        file="dlq_admin/letters/again.py",
        old="    if own:\n",
        new="    if False:\n",
        killer=f"{CONTESTED}::test_the_same_bytes_with_headers_of_another_are_another_record",
    ),
    Mutation(
        name="believe every proof of a dead letter",
        promise=1,
        file=f"{STREAMS}/letter_proof.py",
        old='    return any(hmac.compare_digest(mac, said or b"") for mac in macs)\n',
        new="    return bool(list(macs))\n",
        killer=f"{CONTESTED}::test_a_proof_is_of_the_whole_letter",
    ),
    Mutation(
        name="take letters that a redrive made anew for too many",
        promise=8,
        file="ingestion/selectors/generated.py",
        old="            if name == run and not _is_of_redrive(record):\n",
        new="            if name == run:\n",
        killer="tests/integration/ingestion/test_check_truth.py"
        "::test_letters_that_a_redrive_made_anew_are_no_surplus_unless_they_only_say_so",
    ),
    Mutation(
        name="ask a redrive target about letters that anybody wrote",
        promise=1,
        file="dlq_admin/services/indexing.py",
        old="facts.origin_known and facts.proven:\n",
        new="facts.origin_known:\n",
        killer=f"{CONTESTED}::test_a_letter_that_nobody_here_wrote_tells_nothing_of_a_redrive",
    ),
    Mutation(
        name="write a dead letter of a dead letter",
        promise=1,
        file="dlq_admin/consumers.py",
        old="            if len(batch) > 1 or _is_away(error):\n",
        new="            if len(batch) > 0 or _is_away(error):\n",
        killer="tests/integration/dlq_admin/test_indexer.py"
        "::test_a_letter_that_cannot_be_indexed_stops_it_and_is_no_dead_letter_again",
    ),
    Mutation(
        name="trust that nobody else indexes the same letters",
        promise=3,
        file="dlq_admin/services/rows.py",
        old='ON CONFLICT (topic, partition, "offset", "group", rival) DO NOTHING\n',
        new="",
        killer=f"{LETTERS}::test_two_that_index_the_same_letters_at_once_write_each_once",
    ),
    Mutation(
        name="believe a dead letter that it belongs to a redrive",
        promise=3,
        file="dlq_admin/services/indexing.py",
        old="    return redrive.is_proven(record=original,",
        new="    return True or redrive.is_proven(record=original,",
        killer=f"{LETTERS}::test_somebody_elses_redrive_id_moves_nothing",
    ),
    Mutation(
        name="count a failure of a redrive twice",
        promise=3,
        file="dlq_admin/services/rows.py",
        old="(letter.state <> 'FAILED_AGAIN')::int",
        new="1",
        killer=f"{LETTERS}::test_a_failure_that_is_known_by_its_outcome_is_not_counted_again",
    ),
    Mutation(
        name="show secrets of dead letters to everybody",
        promise=9,
        file="dlq_admin/services/payloads.py",
        old="    return actor.has_perm(SECRETS)\n",
        new="    return True\n",
        killer="tests/integration/dlq_admin/test_reading_api.py"
        "::test_secrets_are_masked_unless_the_reader_may_see_them",
    ),
    Mutation(
        name="send for ever what the broker never takes",
        promise=6,
        file="heimdall_project/streams/broker/producing.py",
        old="error.code() in _REFUSALS",
        new="error.code() in ()",
        killer="tests/integration/streams/test_broker.py::test_a_record_that_the_broker_refuses_fails_alone",
    ),
    Mutation(
        name="let a letter that the broker does not take hold up its batch",
        promise=6,
        file="dlq_admin/services/redriving/sending.py",
        old="            if isinstance(answer, RecordRefused):\n",
        new="            if False:\n",
        killer=f"{REDRIVER}::test_a_letter_that_the_broker_does_not_take_fails_and_holds_up_nobody",
    ),
    Mutation(
        name="read all letters of a page, however large",
        promise=6,
        file="dlq_admin/services/trying.py",
        old="    return max(1, bisect_right(sums, BYTES_MOST))\n",
        new="    return max(1, len(sums))\n",
        killer="tests/integration/dlq_admin/test_large_letters.py::test_a_page_ends_where_it_has_read_enough",
    ),
    Mutation(
        name="give each hostile letter a cause of its own",
        promise=6,
        file="dlq_admin/services/counting.py",
        old="in fresh[max(0, room) :]",
        new="in fresh[:0]",
        killer="tests/integration/dlq_admin/test_many_causes.py"
        "::test_beyond_a_bound_new_causes_stand_together_and_each_letter_is_counted",
    ),
    Mutation(
        name="let an unsafe consumer handle what was given up",
        promise=6,
        file="dlq_admin/services/batches/giving_up.py",
        old="        set_begun(batch=batch.pk)\n",
        new="",
        killer=f"{GIVEN_UP}::test_a_copy_that_comes_later_is_not_handled_where_that_must_not_happen_twice",
    ),
    Mutation(
        name="give up what was handled",
        promise=6,
        file="dlq_admin/services/sets.py",
        old="known.status IN ('ok', 'failed')",
        new="known.status = ''",
        killer=f"{GIVEN_UP}::test_what_has_an_outcome_is_not_given_up",
    ),
    Mutation(
        name="show what is no text but can be read as one",
        promise=9,
        file="dlq_admin/services/payloads.py",
        old="    if _NO_TEXT.search(text):\n",
        new="    if False:\n",
        killer=f"{MASKING}::test_no_other_way_to_write_a_secret_gets_by_the_mask",
    ),
    Mutation(
        name="mask the letters of JSON as they are escaped",
        promise=9,
        file="dlq_admin/services/payloads.py",
        old="    return letter if letter.isprintable()",
        new="    return found[0] if letter.isprintable()",
        killer=f"{MASKING}::test_no_other_way_to_write_a_secret_gets_by_the_mask",
    ),
    Mutation(
        name="send what was claimed although its approval is gone",
        promise=9,
        file="dlq_admin/services/redriving/redriver.py",
        old="            if gone := _approval_is_gone(batch):\n",
        new="            if gone := str():\n",
        killer="tests/integration/dlq_admin/test_approval_gone.py"
        "::test_what_was_claimed_before_is_not_sent_after",
    ),
    Mutation(
        name="send to a consumer that became unsafe what one person approved",
        promise=9,
        file="dlq_admin/services/redriving/redriver.py",
        old="worker.effects is Effects.UNSAFE and",
        new="False and",
        killer="tests/integration/dlq_admin/test_approval_gone.py"
        "::test_a_consumer_that_became_unsafe_since_holds_up_what_one_person_approved",
    ),
    Mutation(
        name="cut an error before its secrets are masked",
        promise=9,
        file=f"{STREAMS}/dead_letters.py",
        old="    return masked(text[: MESSAGE_LIMIT + MARGIN])[:MESSAGE_LIMIT]",
        new="    return masked(text[:MESSAGE_LIMIT])",
        killer="tests/unit/streams/test_dead_letters.py"
        "::test_what_a_record_holds_of_secrets_is_not_quoted_not_even_in_part",
    ),
    Mutation(
        name="tell errors and keys of dead letters as they came",
        promise=9,
        file="dlq_admin/models/fields.py",
        old="    return masked(text)\n",
        new="    return text\n",
        killer=f"{MASKING}::test_the_api_quotes_no_secret_of_a_record",
    ),
    Mutation(
        name="let a NUL that is written as an escape through",
        promise=5,
        file="heimdall_project/events/codec.py",
        old="a call costs as much as a member.\n        if (len(value) > SHORT or BACKSLASH in value)",
        new="a call costs as much as a member.\n        if (len(value) > SHORT)",
        killer="tests/unit/events/test_page_views.py::test_what_breaks_a_rule_is_refused_with_its_path",
    ),
    Mutation(
        name="take times that ClickHouse cannot hold",
        promise=5,
        file="heimdall_project/events/times.py",
        old="    if not EARLIEST <= moment <= LATEST:\n        raise ValueError(OUT_OF_RANGE)\n",
        new="",
        killer="tests/unit/events/test_page_views.py::test_what_breaks_a_rule_is_refused_with_its_path",
    ),
    Mutation(
        name="call generated records acknowledged that were not",
        promise=8,
        file="ingestion/generator/couriers.py",
        old="[Fate.UNKNOWN if isinstance(each, DeliveryFailed) else Fate.ACKED for each in answers]",
        new="[Fate.ACKED for each in answers]",
        killer="tests/unit/ingestion/generator/test_running.py"
        "::test_a_broker_that_is_away_leaves_records_unknown_and_says_why",
    ),
    Mutation(
        name="forget that generated records were sent twice",
        promise=8,
        file="ingestion/generator/running.py",
        old="            block.fates[first:end].count(Fate.UNKNOWN) for block, first, end in parts\n",
        new="            0 for block, first, end in parts\n",
        killer="tests/unit/ingestion/generator/test_running.py"
        "::test_a_run_goes_on_from_its_file_until_the_truth_is_whole",
    ),
    Mutation(
        name="look at figures without looking for too many",
        promise=8,
        file="ingestion/generator/checking.py",
        old="_compared(truth, seen) if not each.least <= each.seen <= each.most]",
        new="_compared(truth, seen) if not each.least <= each.seen]",
        killer="tests/unit/ingestion/generator/test_checking.py::test_each_figure_that_is_off_by_one_is_told",
    ),
    Mutation(
        name="send letters that failed again since they were proposed",
        promise=4,
        file="dlq_admin/services/sets.py",
        old="letter.batch_id IS NULL AND letter.attempt = part.attempt AND letter.digest",
        new="letter.batch_id IS NULL AND letter.digest",
        killer=ANY_ORDER,
    ),
    Mutation(
        name="let who proposed a batch approve it",
        promise=4,
        file="dlq_admin/services/batches/approving.py",
        old="    elif actor.pk == batch.proposed_by_id:\n",
        new="    elif False:\n",
        killer=ANY_ORDER,
    ),
    Mutation(
        name="make a redrive id each time that a letter is sent",
        promise=3,
        file="dlq_admin/services/redriving/rows.py",
        old="        redrive_id=letter.redrive_id,\n",
        new="        redrive_id=f'{letter.redrive_id}-{id(letter)}',\n",
        killer=ANY_ORDER,
    ),
    Mutation(
        name="leave the counters of a cause as they were when letters fail again",
        promise=4,
        file="dlq_admin/services/indexing.py",
        old="    clusters_count([*left, *came])\n",
        new="    clusters_count([each._replace(after=each.before) for each in left])\n",
        killer=ANY_ORDER,
    ),
    Mutation(
        name="keep the letters of a batch that was cancelled",
        promise=4,
        file="dlq_admin/services/batches/steering.py",
        old="        if target is BatchState.CANCELLED:\n",
        new="        if False:\n",
        killer=ANY_ORDER,
    ),
    Mutation(
        name="send letters under another redrive id after a crash",
        promise=3,
        file="dlq_admin/services/redriving/rows.py",
        old="        redrive_id=letter.redrive_id,\n        group=letter.group,\n",
        new="        redrive_id=f'{letter.redrive_id}-again',\n        group=letter.group,\n",
        killer=f"{REDRIVER}::test_what_is_sent_again_and_handled_is_resolved",
    ),
    Mutation(
        name="take the letter of a job that failed again for a new one",
        promise=3,
        file="dlq_admin/services/indexing.py",
        old="                if redrive_id:\n",
        new="                if False:\n",
        killer="tests/faults/test_dead_letters_of_jobs.py"
        "::test_a_failed_job_is_sent_again_until_it_succeeds_and_its_letter_stays_one",
    ),
    Mutation(
        name="watch a letter no longer once it is published",
        promise=3,
        file="dlq_admin/services/sets.py",
        old="UPDATE redrive_items AS item SET state = 'PUBLISHED' FROM part",
        new="UPDATE redrive_items AS item SET state = 'RESOLVED' FROM part",
        killer=f"{REDRIVER}::test_published_and_resolved_are_two_things",
    ),
    Mutation(
        name="let a set be approved that was changed",
        promise=4,
        file="dlq_admin/services/batches/approving.py",
        old="        if not set_hash == batch.set_hash == set_of(batch)[1]:\n",
        new="        if set_hash != batch.set_hash:\n",
        killer="tests/integration/dlq_admin/test_deciding.py"
        "::test_an_approval_is_for_the_set_that_was_looked_at",
    ),
    Mutation(
        name="send letters of an approver who lost the right",
        promise=4,
        file="dlq_admin/services/redriving/redriver.py",
        old="            if why := _approval_is_gone(batch):\n",
        new="            if False and (why := _approval_is_gone(batch)):\n",
        killer=f"{REDRIVER}::test_an_approver_who_lost_the_right_in_between_stops_the_batch",
    ),
    Mutation(
        name="leave the changed bytes out of what is approved",
        promise=4,
        file="dlq_admin/services/set_hash.py",
        old="            || coalesce(':' || encode(sha256({replacement}), 'hex'), ''), ',' ORDER BY",
        new="            , ',' ORDER BY",
        killer="tests/integration/dlq_admin/test_changing.py"
        "::test_bytes_that_were_changed_after_the_proposal_void_it",
    ),
    Mutation(
        name="let the glass be broken where that is off",
        promise=4,
        file="dlq_admin/services/batches/approving.py",
        old="        if not settings.DLQ_BREAK_GLASS:\n",
        new="        if False:\n",
        killer="tests/integration/dlq_admin/test_break_glass.py::test_it_is_off_by_default",
    ),
    Mutation(
        name="clean up letters that are open without being asked",
        promise=9,
        file="dlq_admin/services/cleaning.py",
        old="    if open_too:\n",
        new="    if True:\n",
        killer="tests/integration/dlq_admin/test_cleaning.py"
        "::test_the_worker_cleans_by_retention_and_never_what_is_open",
    ),
    Mutation(
        name="send more within a second than the rate",
        promise=6,
        file="dlq_admin/ramp.py",
        old="    return max(0, min(due, left))\n",
        new="    return max(0, due)\n",
        killer="tests/unit/dlq_admin/test_ramp.py::test_within_no_second_more_go_than_the_rate",
    ),
    Mutation(
        name="send a whole batch at once",
        promise=6,
        file="dlq_admin/ramp.py",
        old="    first = min(max(1, rules.canary), size)\n",
        new="    first = size\n",
        killer=f"{REDRIVER}::test_the_canary_goes_alone_and_the_rest_in_stages",
    ),
    Mutation(
        name="take an insert that broke off for stored",
        promise=1,
        file="ingestion/services/page_views.py",
        old="            if not self._found(parcel):\n",
        new="            if False:\n",
        killer="tests/faults/test_writer_wire.py"
        "::test_an_insert_whose_connection_breaks_is_stored_whole_and_once",
    ),
    Mutation(
        name="repeat an insert under another token",
        promise=3,
        file="ingestion/writing/parcels.py",
        old='{len(self.rows)}:{digest}"',
        new='{len(self.rows)}:{digest}{id(self)}"',
        killer="tests/faults/test_writer_crash_points.py"
        "::test_a_writer_killed_around_its_insert_loses_nothing_and_stores_nothing_twice",
    ),
    Mutation(
        name="blame the rows for what ClickHouse cannot do",
        promise=5,
        file="ingestion/writing/refusals.py",
        old="    return code in DATA_ERRORS\n",
        new="    return True\n",
        killer="tests/faults/test_writer_outages.py"
        "::test_whatever_the_engine_refuses_inserts_for_is_waited_out_with_the_partitions_kept",
    ),
    Mutation(
        name="lose the row beside one that is refused",
        promise=5,
        file="ingestion/writing/bisection.py",
        old="            self.refused_rows.append(last.start)\n            return True\n",
        new="            self.refused_rows.append(last.start)\n"
        "            if self._ranges and len(self._ranges[-1]) == 1:\n"
        "                self.refused_rows.append(self._ranges.pop().start)\n"
        "            return True\n",
        killer="tests/faults/test_writer_poison.py"
        "::test_of_a_large_batch_each_kind_of_poison_is_dead_lettered_as_it_was_and_the_rest_is_stored",
    ),
    Mutation(
        name="trust an insert that was not answered",
        promise=1,
        file="ingestion/services/page_views.py",
        old="        if not self._table.holds(parcel):\n",
        new="        if False:\n",
        killer=f"{WRITER}::test_what_cannot_be_counted_is_neither_trusted_nor_repeated",
    ),
    Mutation(
        name="repeat an insert that was not answered without looking",
        promise=3,
        file="ingestion/services/page_views.py",
        old="        if parcel.token in self._unknown and self._found(parcel):\n            return\n",
        new="",
        killer=f"{WRITER}::test_what_cannot_be_counted_is_neither_trusted_nor_repeated",
    ),
    Mutation(
        name="drop a row that ClickHouse refuses without a dead letter",
        promise=1,
        file="ingestion/services/page_views.py",
        old="                    batch.reject(batch.records[part.start], "
        "RefusedByClickHouse(refusal.reason))\n",
        new="                    pass\n",
        killer=f"{WRITER}::test_rows_that_clickhouse_refuses_are_found_and_the_others_stored",
    ),
    Mutation(
        name="take rows that were not looked at for stored",
        promise=1,
        file="ingestion/services/page_views.py",
        old="        if search.left >= 0:\n",
        new="        if False:\n",
        killer=f"{WRITER}::test_after_many_refused_rows_the_rest_is_offered_again",
    ),
    Mutation(
        name="send a whole batch to the dead letters for one row",
        promise=5,
        file="ingestion/writing/bisection.py",
        old="        middle = last.start + len(last) // 2\n        self._ranges += "
        "[range(middle, last.stop), range(last.start, middle)]\n        return False\n",
        new="        self.refused_rows += last\n        return True\n",
        killer=f"{WRITER}::test_rows_that_clickhouse_refuses_are_found_and_the_others_stored",
    ),
    Mutation(
        name="know an insert by its range alone",
        promise=3,
        file="ingestion/writing/parcels.py",
        old=':{len(self.rows)}:{digest}"',
        new='"',
        killer="tests/unit/ingestion/test_writing.py"
        "::test_the_same_records_make_the_same_token_and_any_other_row_makes_another",
    ),
    Mutation(
        name="let the last copy of an event win",
        promise=3,
        file="ingestion/ddl/001_page_views.sql",
        old="version UInt128 DEFAULT bitNot(bitOr(",
        new="version UInt128 DEFAULT (bitOr(",
        killer="tests/integration/ingestion/test_page_view_table.py"
        "::test_the_first_accepted_copy_wins_in_whatever_order_they_are_inserted_and_merged",
    ),
    Mutation(
        name="believe one table for both",
        promise=3,
        file="ingestion/services/page_view_table.py",
        old="AND event_id IN (\n    SELECT event_id FROM page_views WHERE",
        new="OR event_id IN (\n    SELECT event_id FROM page_views WHERE",
        killer="tests/integration/ingestion/test_page_view_table.py"
        "::test_what_is_held_is_asked_by_offset_time_and_id",
    ),
    Mutation(
        name="leave the outcomes of a topic that is gone to its namesake",
        promise=8,
        file=f"{STREAMS}/recreated.py",
        old="    LedgerEntry.objects.filter(**of_it).update(topic=name)\n",
        new="",
        killer="tests/integration/ingestion/test_topic_made_anew.py"
        "::test_the_books_are_put_aside_and_a_new_life_begins",
    ),
    Mutation(
        name="count arrivals of a topic that is gone for its namesake",
        promise=8,
        file="ingestion/checking/run.py",
        old="Range(pair.topic, cursors, since, until, began)",
        new="Range(pair.topic, cursors, since, until)",
        killer="tests/faults/test_writer_recreated.py::"
        "test_a_topic_made_anew_behind_a_writer_that_died_stops_it_until_a_person_has_its_books_closed",
    ),
    Mutation(
        name="call stored what the cursor of a topic that is gone has passed",
        promise=8,
        file="ingestion/selectors/receipts.py",
        old=" for row in rows if not recreated(row.topic_id, now)}",
        new=" for row in rows}",
        killer="tests/integration/ingestion/test_receipts_api.py"
        "::test_stored_is_not_believed_of_a_topic_that_is_gone",
    ),
    Mutation(
        name="take an insert of a topic that is gone for that of its namesake",
        promise=3,
        file="ingestion/services/page_view_table.py",
        old='(row["offset"], row["accepted_ms"], row["event_id"])',
        new='(row["offset"], parcel.rows[0].accepted_ms, row["event_id"])',
        killer="tests/integration/ingestion/test_page_view_table.py"
        "::test_what_is_held_is_asked_by_offset_time_and_id",
    ),
    Mutation(
        name="dead-letter what a process of another version has stored",
        promise=3,
        file="ingestion/services/page_views.py",
        old="        return self._table.kept(records)\n",
        new="        return set()\n",
        killer=f"{WRITER}::test_what_was_stored_by_a_version_that_took_it_is_no_dead_letter_of_the_next",
    ),
    Mutation(
        name="search for a culprit when ClickHouse has no room",
        promise=5,
        file="ingestion/writing/refusals.py",
        old="    return code in DATA_ERRORS\n",
        new="    return code > 0\n",
        killer="tests/unit/ingestion/test_writing.py"
        "::test_what_is_not_named_as_an_error_of_rows_is_an_outage",
    ),
    Mutation(
        name="pass over a migration that failed halfway",
        promise=4,
        file="ingestion/schema/plan.py",
        old="        if entry is None or entry.state is not State.DONE:\n",
        new="        if entry is None:\n",
        killer="tests/unit/ingestion/test_schema_files.py::test_what_is_not_done_is_applied_in_order",
    ),
    Mutation(
        name="apply migrations whose files were changed",
        promise=4,
        file="ingestion/schema/plan.py",
        old="        if entry.state is State.DONE and (",
        new="        if False and (",
        killer="tests/unit/ingestion/test_schema_files.py"
        "::test_a_file_that_changed_after_it_was_applied_is_named",
    ),
    Mutation(
        name="let a writer take in without a bound",
        promise=6,
        file="heimdall_project/streams/shape.py",
        old="            room = consumer.max_buffer or ",
        new="            room = ",
        killer=f"{WRITER}::test_a_full_buffer_reads_no_more",
    ),
    Mutation(
        name="believe the proof of a failure at another place",
        promise=3,
        file="heimdall_project/streams/redrive.py",
        old='    place = f"failed:{record.partition}:{record.offset}"\n',
        new='    place = "failed"\n',
        killer="tests/faults/test_dead_letters_forged.py"
        "::test_headers_that_lie_move_no_other_letter_and_write_nowhere_that_they_may_not",
    ),
    Mutation(
        name="forgive a batch all that will fail once it is let go on",
        promise=6,
        file="dlq_admin/services/batches/steering.py",
        old='            more = {"forgiven": failed.count()}\n',
        new='            more = {"forgiven": failed.count() + 1000}\n',
        killer="tests/faults/test_dead_letters_contract.py"
        "::test_letters_that_the_contract_no_longer_takes_come_back_and_the_batch_stops_at_its_bound",
    ),
    Mutation(
        name="take a letter that is read again for another one",
        promise=3,
        file="dlq_admin/services/indexing.py",
        old="        elif is_same(letters[n], digest):\n",
        new="        elif False:\n",
        killer="tests/faults/test_dead_letters_twice.py"
        "::test_an_indexer_that_slept_while_another_read_the_same_letters_writes_none_twice",
    ),
    Mutation(
        name="tell the failure of a redrive each time that its letter is written",
        promise=3,
        file="dlq_admin/services/indexing.py",
        old=("            fits = row.failed_redrive_id != row.redrive_id and row.state in MAY_COME_BACK\n"),
        new="            fits = row.state in MAY_COME_BACK\n",
        killer="tests/faults/test_dead_letters_twice.py"
        "::test_a_worker_killed_between_the_letter_of_a_redrive_and_its_outcome_counts_one_failure",
    ),
    Mutation(
        name="let a redriver that slept mark what others have ended",
        promise=3,
        file="dlq_admin/services/redriving/sending.py",
        old="            self._lease.fence()\n            done = set_move(\n                ARRIVE,\n",
        new="            done = set_move(\n                ARRIVE,\n",
        also=(("dlq_admin/services/sets.py", " AND (state = 'SENDING') IS TRUE OFFSET 0", " OFFSET 0"),),
        killer="tests/faults/test_dead_letters_twice.py"
        "::test_a_redriver_that_slept_through_its_lease_sends_the_same_again_and_changes_nothing",
    ),
    Mutation(
        name="forget what a killed redriver was about to send",
        promise=3,
        file="dlq_admin/services/redriving/redriver.py",
        old="        if left := to_send(batch.pk):",
        new="        if left := to_send(0):",
        killer="tests/faults/test_dead_letters_redriven.py"
        "::test_a_redriver_killed_behind_each_step_has_each_letter_handled_once_and_resolved",
    ),
    Mutation(
        name="write down what a cleanup took once it is over",
        promise=9,
        file="dlq_admin/services/cleaning.py",
        old="            act.settle()\n",
        new="",
        killer="tests/faults/test_dead_letters_cleaned.py"
        "::test_a_cleanup_that_is_killed_took_letters_as_a_whole_and_two_at_once_do_the_rest",
    ),
    Mutation(
        name="delete letters without their counts",
        promise=9,
        file="dlq_admin/services/cleaning.py",
        old=(
            "    clusters_count([Move(cluster, State(state), None, pk) for pk, cluster, state in chosen])\n"
        ),
        new="",
        killer="tests/faults/test_dead_letters_cleaned.py"
        "::test_a_cleanup_that_is_killed_took_letters_as_a_whole_and_two_at_once_do_the_rest",
    ),
    Mutation(
        name="let a proposal be edited in the database",
        promise=4,
        file="dlq_admin/migrations/0007_approvals_stay.py",
        old="    WHEN OLD.set_hash <> '-' AND (\n",
        new="    WHEN OLD.set_hash = 'never' AND (\n",
        killer="tests/integration/dlq_admin/test_frozen.py"
        "::test_a_proposal_cannot_be_edited_not_even_in_the_database",
    ),
    Mutation(
        name="let letters be taken out of an approved set",
        promise=4,
        file="dlq_admin/migrations/0007_approvals_stay.py",
        old="WHERE batch.approved_by_id IS NOT NULL AND batch.id = CASE\n",
        new="WHERE FALSE AND batch.id = CASE\n",
        killer="tests/integration/dlq_admin/test_frozen.py"
        "::test_what_was_approved_cannot_be_changed_not_even_in_the_database",
    ),
    Mutation(
        name="let a batch that ended begin again",
        promise=4,
        file="dlq_admin/migrations/0007_approvals_stay.py",
        old="'REJECTED') AND NEW.state <> OLD.state",
        new="'REJECTED') AND FALSE",
        killer="tests/integration/dlq_admin/test_frozen.py::test_a_batch_that_ended_does_not_begin_again",
    ),
    Mutation(
        name="send bytes that nobody approved",
        promise=4,
        file="dlq_admin/services/redriving/rows.py",
        old="        if not is_of(self.digest, **own, writer=self.writer):\n",
        new="        if False:\n",
        killer="tests/integration/dlq_admin/test_frozen.py"
        "::test_bytes_that_were_put_in_place_of_the_approved_ones_are_not_sent",
    ),
    Mutation(
        name="start a batch on one approval of two",
        promise=4,
        file="dlq_admin/services/batches/approving.py",
        old=("        if not batch.needs_second or batch.second_approved_by_id is not None:\n"),
        new="        if True:\n",
        killer="tests/integration/dlq_admin/test_frozen.py"
        "::test_the_second_approval_is_of_a_third_person_whatever_they_are_called_meanwhile",
    ),
    Mutation(
        name="let who approved a letter send it",
        promise=4,
        file="dlq_admin/services/batches/reprocessing.py",
        old="    if letter.approved_by_id == actor.pk:\n",
        new="    if False:\n",
        killer="tests/integration/dlq_admin/test_own_proposal.py::test_nobody_sends_alone_by_any_path",
    ),
    Mutation(
        name="steer a batch wherever it stands",
        promise=4,
        file="dlq_admin/services/batches/steering.py",
        old="        if BatchState(batch.state) not in batch_sources(target):\n",
        new="        if False:\n",
        killer="tests/integration/dlq_admin/test_at_once.py::test_two_who_let_one_batch_go_on_do_so_once",
    ),
    Mutation(
        name="approve what was rejected, and reject what was approved",
        promise=4,
        file="dlq_admin/services/batches/steering.py",
        old="        if BatchState(batch.state) not in batch_sources(target):\n",
        new="        if False:\n",
        also=(
            (
                "dlq_admin/services/batches/approving.py",
                "        if batch.state != BatchState.PROPOSED:\n",
                "        if False:\n",
            ),
        ),
        killer=f"{AT_ONCE}::test_who_rejects_and_who_approves_at_once_do_not_both_win",
    ),
    Mutation(
        name="move letters without looking where they are",
        promise=4,
        file="dlq_admin/services/moving.py",
        old="AND (letter.state = ANY(%(sources)s) AND {fits}) IS TRUE\n",
        new="\n",
        killer=f"{AT_ONCE}"
        "::test_letters_that_are_discarded_while_their_batch_is_approved_are_one_or_the_other",
    ),
    Mutation(
        name="hold the letters of a cancelled batch",
        promise=4,
        file="dlq_admin/services/batches/steering.py",
        old="        if target is BatchState.CANCELLED:\n",
        new="        if False:\n",
        killer="tests/integration/dlq_admin/test_at_once.py"
        "::test_who_pauses_and_who_cancels_at_once_end_it_and_hold_no_letter",
    ),
    Mutation(
        name="keep letters in a batch that another one has",
        promise=4,
        file="dlq_admin/services/batches/approving.py",
        old="    if taken.touched < batch.size:\n",
        new="    if False:\n",
        killer="tests/integration/dlq_admin/test_at_once.py"
        "::test_two_who_propose_the_same_letters_at_once_have_a_proposal_each_and_one_is_sent",
    ),
    Mutation(
        name="wait for letters that were cleaned up",
        promise=4,
        file="dlq_admin/services/sets.py",
        old="        ) IS NOT FALSE\n",
        new="        ) IS TRUE\n",
        killer="tests/integration/dlq_admin/test_at_once.py"
        "::test_letters_that_are_cleaned_up_while_they_are_proposed_are_never_sent",
    ),
]
