"""Tells bitops what a playbook does, and offers the playbook values.

Each fact is one JSON object in a line of its own, appended to the file BITOPS_ANSIBLE_REPORT:

    {"event": "changed", "host": "web1", "task": "install nginx"}
    {"event": "failed", "host": "web1", "task": "...", "place": "/path/playbook.yaml:7", "texts": ["..."]}
    {"event": "unreachable", like failed}
    {"event": "passed-over", like failed}         an unreachable host that ignore_unreachable passes over
    {"event": "uncertain"}                        a registered result that the real run would have differently
    {"event": "notified", "host": "web1", "task": "restart nginx"}    a handler that is to run on a host
    {"event": "handled", "host": "web1", "task": "restart nginx"}     and did
    {"event": "gone", "host": "web1", "task": "restart nginx"}        is owed, and no play has that handler
    {"event": "not-notified", "texts": ["..."]}
    {"event": "no-hosts", "play": "..."}
    {"event": "not-offered", "texts": ["..."]}
    {"event": "host", "host": "web1", "bad": true}        at the end, for each host
    {"event": "output", "name": "...", "value": ..., "hidden": false}
    {"event": "end"}

The values of the JSON file BITOPS_ANSIBLE_OFFERED become variables of the group `all`, as if the first source of the
inventory said them: nearly everything else that sets one of them wins.

The JSON file BITOPS_ANSIBLE_OWED lists handlers, as ["web1", "restart nginx"], that were notified by an earlier run which
ended before they ran. They are notified again, in each play that has such a handler and that host, once a task of the play has
ended well there.

It uses what ansible-core has had since 2.12 and needs no other plugin enabled.
"""

import json
import os

from ansible.playbook.handler import Handler
from ansible.plugins.callback import CallbackBase
from ansible.utils.unsafe_proxy import wrap_var

DOCUMENTATION = """
name: bitops_report
type: notification
short_description: tells bitops what a playbook does
description: [Appends a line of JSON to a file for everything that bitops wants to know.]
"""

LONGEST = 64 * 1024


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bitops_report"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A playbook that this one starts tells its own story, not bitops'.
        report = os.environ.pop("BITOPS_ANSIBLE_REPORT", None)
        offered = os.environ.pop("BITOPS_ANSIBLE_OFFERED", None)
        owed = os.environ.pop("BITOPS_ANSIBLE_OWED", None)
        self.disabled = report is None
        if self.disabled:
            return
        self.file = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.offered = {}
        if offered is not None:
            with open(offered, encoding="utf-8") as file:
                self.offered = wrap_var(json.load(file))
        self.owed = []
        if owed is not None:
            with open(owed, encoding="utf-8") as file:
                self.owed = json.load(file)
        self.handlers = set()  # the names of those that any play has
        self.due = {}  # the handlers that are still to be notified in this play, by host
        self.play = ""
        self.inventory = None
        self.shown, self.hidden = set(), set()  # names of outputs, by whether the task that set them may be shown
        self.all_hidden = False

    def tell(self, event, **facts):
        line = json.dumps(dict(facts, event=event), skipkeys=True, allow_nan=False, default=str) + "\n"
        rest = line.encode("ascii")
        while rest:
            rest = rest[os.write(self.file, rest):]

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name().strip()
        self.due = {}
        if self.owed:
            self.attempt(self.find_due, play)
        if not self.offered:
            return
        try:
            self.offer(play.get_variable_manager()._inventory)
        except (AttributeError, KeyError, TypeError) as e:
            self.offered = {}
            self.tell("not-offered", texts=[str(e)])

    def attempt(self, do, what):
        try:
            do(what)
        except (AttributeError, KeyError, TypeError) as e:
            self.owed, self.due = [], {}
            self.tell("not-notified", texts=[str(e)])

    def find_due(self, play):
        """Finds the handlers of a play that an earlier run owes to its hosts."""
        hosts = {host.get_name() for host in play.get_variable_manager()._inventory.get_hosts(play.hosts)}
        for handler in (task for block in play.handlers for task in block.block):
            name = handler.get_name()
            self.handlers.add(name)
            for host in [host for host, owed in self.owed if owed == name and host in hosts]:
                self.due.setdefault(host, []).append(handler)

    def notify_due(self, host):
        """Notifies them once the play has begun on the host, so that they run when handlers run next, if nothing fails."""
        for handler in self.due.pop(host.get_name(), []):
            if handler.notify_host(host):
                self.tell("notified", host=host.get_name(), task=handler.get_name())

    def v2_playbook_on_notify(self, handler, host):
        self.tell("notified", host=host.get_name(), task=handler.get_name())

    def note_done(self, result):
        """Takes note of a task that did not fail."""
        task = task_of(result)
        if isinstance(task, Handler):
            self.tell("handled", **where(result, task.get_name()))
        elif self.due and task.action.rpartition(".")[2] not in ("gather_facts", "setup"):
            self.attempt(self.notify_due, host_of(result))

    def offer(self, inventory):
        """Sets what nothing else sets, now and after `meta: refresh_inventory`, which reads the inventory anew."""

        def give():
            group = inventory.groups["all"]
            given = group.get_vars()
            for name, value in self.offered.items():
                if name not in given:
                    group.set_variable(name, value)

        def refresh():
            read_again()
            give()

        give()
        if self.inventory is not inventory:
            self.inventory = inventory
            read_again, inventory.refresh_inventory = inventory.refresh_inventory, refresh

    def v2_playbook_on_no_hosts_matched(self):
        self.tell("no-hosts", play=self.play)

    def v2_runner_on_ok(self, result):
        data = facts_of(result)
        self.note_done(result)
        if result.is_changed():
            self.tell("changed", **where(result))
            self.doubt(result)
        self.note_outputs(result, data)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self.tell("failed", texts=texts_of(facts_of(result)), **where(result))
            return
        self.note_done(result)
        if result.is_changed():
            self.tell("changed", **where(result))

    def v2_runner_on_unreachable(self, result):
        event = "passed-over" if task_of(result).ignore_unreachable else "unreachable"
        self.tell(event, texts=texts_of(facts_of(result)), **where(result))

    def v2_runner_on_skipped(self, result):
        self.note_done(result)
        if facts_of(result).get("skip_reason") != "Conditional result was False":
            self.doubt(result)
            if task_of(result).check_mode:
                self.tell("undone")

    def doubt(self, result):
        """In check mode, what was not really done has not the result that it will have."""
        if task_of(result).check_mode and task_of(result).register:
            self.tell("uncertain")

    def note_outputs(self, result, data):
        if task_of(result).action.rpartition(".")[2] != "set_stats":
            return
        if "censored" not in data:
            for item in data.get("results") or [data]:
                self.shown.update((item.get("ansible_stats") or {}).get("data") or {})
            return
        names = (task_of(result).args or {}).get("data")
        if isinstance(names, dict) and not any("{" in str(name) for name in names):
            self.hidden.update(names)
        else:
            self.all_hidden = True

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            counts = stats.summarize(host)
            self.tell("host", host=host, bad=counts["failures"] + counts["unreachable"] > 0)
        for host, name in self.owed:
            if name not in self.handlers:
                self.tell("gone", host=host, task=name)
        for which in sorted(set(stats.custom) - {"_run"}):
            self.tell("host-outputs", host=which)
        for name, value in sorted(stats.custom.get("_run", {}).items()):
            hidden = self.all_hidden or name in self.hidden or name not in self.shown
            try:
                self.tell("output", name=name, value=value, hidden=hidden)
            except (TypeError, ValueError) as e:
                self.tell("bad-output", name=name, texts=[str(e)])
        self.tell("end")


def facts_of(result):
    """The module's result, without what no_log hides."""
    data = getattr(result, "result", None)
    return result._result if data is None else data


def task_of(result):
    task = getattr(result, "task", None)
    return result._task if task is None else task


def host_of(result):
    return getattr(result, "host", None) or result._host


def where(result, name=None):
    return {"host": host_of(result).get_name(), "task": name or result.task_name, "place": task_of(result).get_path() or ""}


def texts_of(data):
    """What went wrong: the message first, then what the program printed; of a loop, the items that failed."""
    if "censored" in data:
        return [data["censored"]]
    failed = [item for item in data.get("results") or [] if isinstance(item, dict) and item.get("failed")]
    if failed:
        texts = []
        for item in failed[:5]:
            label = item.get("_ansible_item_label", item.get("item"))
            texts += ["item %s: %s" % (brief(label), "\n".join(texts_of(item)))]
        return texts
    texts = [brief(data.get("msg") or data.get("reason") or "failed")]
    printed = data.get("stderr") or data.get("module_stderr") or data.get("stdout") or data.get("module_stdout")
    if printed:
        texts.append(brief(printed))
    return texts


def brief(value):
    """The end of a long text, from the beginning of a line: half of a secret would not be recognised as one."""
    text = value if isinstance(value, str) else json.dumps(value, skipkeys=True, default=str)
    return text if len(text) <= LONGEST else text[-LONGEST:].partition("\n")[2]
