"""Tells bitops what a playbook does, and offers the playbook values.

Each fact is one JSON object in a line of its own, appended to the file BITOPS_ANSIBLE_REPORT:

    {"event": "changed", "host": "web1", "task": "install nginx", "diffs": [...]}     diffs where ansible shows them, see diff_of
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

What is in vaults, and what variables call secret, is appended to the file BITOPS_ANSIBLE_HIDDEN before ansible can print it, each
text in a line of its own:

    {"name": "db_password", "text": "...", "vaulted": true}

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
LONGEST_TEXT = 32 * 1024  # characters of one side of a diff, of which nothing is left out
LONGEST_SIDE = 256 * 1024  # characters of one side
LONGEST_DIFFS = 16 * 1024 * 1024  # of all diffs of a playbook
MOST_VAULTS = 200  # files that are looked for, beside those that ansible itself loads
MOST_FILES = 20000  # that are looked at for that
VAULT = b"$ANSIBLE_VAULT;"
SECRET_PARTS = ("secret", "pass", "token", "key", "credential", "connection", "pwd", "jwt", "pat")  # bitops looks closer


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
        hidden = os.environ.pop("BITOPS_ANSIBLE_HIDDEN", None)
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
        self.secrets = Secrets(hidden)
        self.diffs = {}  # of the items of loops that are not done, by host and task
        self.left = LONGEST_DIFFS

    def tell(self, event, **facts):
        line = json.dumps(dict(facts, event=event), skipkeys=True, allow_nan=False, default=str) + "\n"
        rest = line.encode("ascii")
        while rest:
            rest = rest[os.write(self.file, rest):]

    def v2_playbook_on_start(self, playbook):
        self.secrets.begin(playbook)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.secrets.look()

    def v2_playbook_on_handler_task_start(self, task):
        self.secrets.look()

    def v2_runner_on_start(self, host, task):
        self.secrets.look()

    def v2_playbook_on_play_start(self, play):
        self.secrets.look()
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
        self.note_changed(result)
        if result.is_changed():
            self.doubt(result)
        self.note_outputs(result, data)

    def v2_runner_item_on_ok(self, result):
        if result.is_changed():
            item = facts_of(result).get("_ansible_item_label")
            self.diffs.setdefault(key_of(result), []).extend(self.diffs_of(result, item))

    def note_changed(self, result):
        """Tells of a task that changed something, with the diffs of it, or of its items."""
        diffs = self.diffs.pop(key_of(result), [])
        if result.is_changed():
            self.tell("changed", diffs=diffs or self.diffs_of(result), **where(result))

    def diffs_of(self, result, item=None):
        """The diffs that ansible shows of a result."""
        data = facts_of(result)
        if not getattr(task_of(result), "diff", False):
            return []
        if "censored" in data:
            return [{"left_out": "no_log hides it"}]
        found = data.get("diff") or []
        found = [diff_of(one, target_of(result)) for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
        for one in found:
            if item is not None:
                one["item"] = brief(item)
            self.left -= sum(len(one[side]) for side in ("before", "after", "prepared") if isinstance(one.get(side), str))
            if self.left < 0:
                for side in ("before", "after", "prepared"):
                    one.pop(side, None)
                one["left_out"] = "all diffs of the playbook are longer than %d MiB" % (LONGEST_DIFFS >> 20)
        return found

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self.tell("failed", texts=texts_of(facts_of(result)), **where(result))
            return
        self.note_done(result)
        self.note_changed(result)

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


class Secrets:
    """Writes down what must not be shown, as soon as ansible knows it."""

    def __init__(self, file):
        self.file = None if file is None else os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.loader, self.seen, self.told = None, set(), set()

    def begin(self, playbook):
        loader = getattr(playbook, "_loader", None)
        if self.file is None or loader is None or not hasattr(loader, "_FILE_CACHE"):
            return
        first, self.loader = self.loader is None, loader
        if first:
            self.attempt(self.find_vaults)
        self.look()

    def attempt(self, do, *args):
        try:
            do(*args)
        except Exception:  # whatever is wrong with a file, ansible tells it
            pass

    def find_vaults(self):
        """Looks for vaults that ansible loads only when a task wants them."""
        if not getattr(getattr(self.loader, "_vault", None), "secrets", None):
            return
        files = vaults = 0
        for directory, below, names in os.walk(self.loader.get_basedir()):
            below[:] = sorted(name for name in below if name != ".git")
            for path in (os.path.join(directory, name) for name in sorted(names)):
                files += 1
                if files > MOST_FILES or vaults > MOST_VAULTS:
                    return
                if is_vault(path):
                    vaults += 1
                    self.attempt(self.open_vault, path)

    def open_vault(self, path):
        text = self.loader._get_file_contents(path)[0].decode("utf-8")
        try:
            data = self.loader.load(text, path, False)
        except Exception:
            data = text
        if isinstance(data, (dict, list)):
            self.tell_all(data, os.path.basename(path), True)
        else:  # a template, of which a line without an expression is as secret as a value
            self.tell_all([text] if "{{" not in text else text.splitlines(), os.path.basename(path), True)

    def look(self):
        """Looks at the files that ansible has loaded since the last time."""
        if self.loader is None or len(self.seen) == len(self.loader._FILE_CACHE):
            return
        for path, data in list(self.loader._FILE_CACHE.items()):
            if path not in self.seen:
                self.seen.add(path)
                self.attempt(self.tell_all, data, "", is_vault(path))

    def tell_all(self, data, name, vaulted):
        if isinstance(data, dict):
            for key, value in data.items():
                self.tell_all(value, str(key), vaulted)
        elif type(data).__name__ in ("AnsibleVaultEncryptedUnicode", "EncryptedString"):
            self.attempt(lambda: self.tell(name, str(data), True))
        elif isinstance(data, (list, tuple)):
            for value in data:
                self.tell_all(value, name, vaulted)
        elif vaulted or any(part in name.lower() for part in SECRET_PARTS):
            if isinstance(data, str) or isinstance(data, int) and abs(data) >= 10 ** 7:
                self.tell(name, str(data), vaulted)

    def tell(self, name, text, vaulted):
        fact = json.dumps({"name": name, "text": text, "vaulted": vaulted}) + "\n"
        if "{{" in text or fact in self.told:
            return
        self.told.add(fact)
        rest = fact.encode("ascii")
        while rest:
            rest = rest[os.write(self.file, rest):]


def is_vault(path):
    try:
        with open(path, "rb") as file:
            return file.read(len(VAULT)) == VAULT
    except OSError:
        return False


def target_of(result):
    """The file that a task is to change, as far as its result or its arguments tell."""
    fields = getattr(result, "task_fields", None) or getattr(result, "_task_fields", None) or {}
    for named in (facts_of(result), fields.get("args") or {}):
        target = named.get("dest") or named.get("path") or ""
        if isinstance(target, str) and target and "{{" not in target:
            return target
    return ""


def diff_of(diff, target):
    """A diff as bitops reads it: what was and what will be, as texts or as objects, or a text that is a diff already."""
    one = {"header": str(header_of(diff, target))}
    for mark, why in (
        ("src_binary", "the source is binary"), ("dst_binary", "the destination is binary"),
        ("src_larger", "the source is larger than ansible shows"), ("dst_larger", "the destination is larger than ansible shows"),
    ):
        if mark in diff:
            one["left_out"] = why
    if "before" in diff and "after" in diff:  # of one alone, nobody knows what differs
        before, after = plain_side(diff["before"]), plain_side(diff["after"])
        if isinstance(before, str) and isinstance(after, str):
            shorten(one, before, after)
        else:
            one["before"], one["after"] = before, after
    if diff.get("prepared"):
        prepared = str(diff["prepared"])
        one["prepared"] = prepared[:LONGEST_SIDE]
        if len(prepared) > LONGEST_SIDE:
            one["left_out"] = "the rest of the diff, which has %d characters" % len(prepared)
    return one


def header_of(diff, target):
    """What a diff is about. Of a new file, its after_header is the name of a temporary one."""
    before, after = diff.get("before"), diff.get("after")
    if isinstance(before, dict) and isinstance(after, dict) and before.get("path") == after.get("path") is not None:
        return after["path"]
    after = str(diff.get("after_header") or "")
    return diff.get("before_header") or target or ("" if os.path.isabs(after) else after)


def plain_side(side):
    """A side of a diff: an object if it is one that is not too long, and else a text."""
    if side is None:
        return ""
    if isinstance(side, (dict, list)):
        text = json.dumps(side, skipkeys=True, default=str, sort_keys=True, indent=4)
        return json.loads(text) if len(text) <= LONGEST_SIDE else text
    return str(side)


def shorten(one, before, after):
    """Takes over two texts. Of long ones, what they have in common at the beginning and the end is left out, and then the end."""
    one["before"], one["after"] = before, after
    longest = max(len(before), len(after))
    document = after.lstrip()[:1] in ("{", "[") and longest <= LONGEST_SIDE
    if longest <= LONGEST_TEXT or document:
        return
    one["before_length"], one["after_length"] = len(before.encode(errors="replace")), len(after.encode(errors="replace"))
    was, now = before.splitlines(True), after.splitlines(True)
    head, most = 0, min(len(was), len(now))
    while head < most and was[head] == now[head]:
        head += 1
    tail = 0
    while tail < most - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    for side, lines in (("before", was), ("after", now)):
        text = "".join(lines[max(head - 1, 0):len(lines) - max(tail - 1, 0)])
        one[side] = text if len(text) <= LONGEST_SIDE else text[:LONGEST_SIDE].rpartition("\n")[0] + "\n"


def key_of(result):
    return host_of(result).get_name(), task_of(result)._uuid


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
