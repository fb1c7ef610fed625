"""Drive a Telegram bot black-box, as people would, against fakebotapi. Standard library only.

    with Telegram(["python", "samplebot.py"]) as tg:            # starts the fake API and the bot
        marie = tg.user(1001, first_name="Marie")
        marie.say("/start")                                      # waits for the bot's answers, returns them
        marie.tap("Oui"); marie.share(48.85, 2.35); r = marie.inline("rue"); marie.choose(r, 0)
        tg.show(); assert not tg.problems()
or:  python drive.py --bot "python samplebot.py" [--mode webhook] script.txt    with lines like
     1001 say /start | 1001 tap Oui | 1001 loc 48.85 2.35 | 1001 inline rue | 1001 block | expect Bonjour | fault {"kind": ...}
The bot gets in its environment TELEGRAM_TOKEN, TELEGRAM_API_URL (without /bot), TELEGRAM_MODE (polling or webhook),
TELEGRAM_WEBHOOK_URL and TELEGRAM_WEBHOOK_SECRET in webhook mode, WEB_PORT; samplebot.py reads the BOT_* and WEBHOOK_* ones.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
TOKEN = "777000777:AAFakeTokenForTheLoopbackApi_0123456789"


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer(dict):
    """One Bot API call by the bot that a person can notice; .text, .buttons, .ok are shortcuts."""
    ok = property(lambda s: s["status"] == 200)
    reply = property(lambda s: s["reply"] if isinstance(s["reply"], dict) else {})
    text = property(lambda s: s.reply.get("text") or s.reply.get("caption") or s["params"].get("text") or "")
    buttons = property(lambda s: [b["text"] for row in s.reply.get("reply_markup", {}).get("inline_keyboard", []) for b in row])

    @property
    def keys(self):            # reply keyboard shown with this message
        kb = self["params"].get("reply_markup") or "{}"
        kb = json.loads(kb) if isinstance(kb, str) else kb
        return [b if isinstance(b, str) else b["text"] for row in kb.get("keyboard", []) for b in row]


class Telegram:
    def __init__(self, bot=None, mode="polling", env=None, args=(), log=None, spec=os.environ.get("BOTAPI_SPEC") or HERE / "api.json", quiet=0.4, timeout=8, cwd=None):
        self.port, self.quiet, self.timeout, self.procs, self.answers = free_port(), quiet, timeout, [], []
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = pathlib.Path(log or tempfile.mkstemp(suffix=".jsonl", prefix="fakebotapi-")[1])
        cmd = [sys.executable, str(HERE / "fakebotapi.py"), "--port", str(self.port), "--log", str(self.log), "--token", TOKEN, *map(str, args)]
        if spec and pathlib.Path(spec).exists():
            cmd += ["--spec", str(spec)]
        self.bot, self.mode, self.env, self.server, self.cwd = bot, mode, dict(env or {}), cmd, cwd

    def __enter__(self):
        self.procs.append(subprocess.Popen(self.server, stdout=subprocess.DEVNULL))
        end = time.time() + 10
        while True:
            try:
                return self._boot()
            except (urllib.error.URLError, ConnectionError):
                if time.time() > end:
                    self.__exit__()
                    raise
                time.sleep(0.05)

    def _boot(self):
        self.get("events")
        if self.bot:
            self.start_bot()
        return self

    def start_bot(self):
        env = {**os.environ, "BOT_TOKEN": TOKEN, "BOT_API_BASE": self.url + "/bot", "BOT_API_FILE_BASE": self.url + "/file/bot", "MODE": self.mode,
               "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": self.url, "TELEGRAM_MODE": self.mode}
        web_port = str(free_port())
        env.setdefault("WEB_PORT", web_port)
        if self.mode == "webhook":
            port = self.env.get("WEB_PORT") or env["WEB_PORT"]
            env.update(WEBHOOK_PORT=port, WEBHOOK_SECRET="s3cret-Token_1",
                       TELEGRAM_WEBHOOK_URL=f"http://127.0.0.1:{port}", TELEGRAM_WEBHOOK_SECRET="s3cret-Token_1")
        self.bot_out = self.log.with_suffix(".bot.txt")
        since = self.last()
        with open(self.bot_out, "a") as out:
            p = subprocess.Popen(self.bot, env={**env, **self.env}, stdout=out, stderr=subprocess.STDOUT, cwd=self.cwd)
        self.procs.append(p)
        end = time.time() + 60
        while not any(e["kind"] == "polling" or e.get("method") == "setWebhook" and e["status"] == 200 and e["params"].get("url")
                      for e in self.get("events", since=since)["events"]):
            if p.poll() is not None or time.time() > end:
                raise RuntimeError("the bot did not come up:\n" + self.bot_out.read_text()[-2000:])
            time.sleep(0.1)
        if self.mode == "webhook":
            time.sleep(0.3)                    # setWebhook is called just before the bot listens in some frameworks
        return p

    def stop(self, p):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(8)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()

    def __exit__(self, *_):
        for p in reversed(self.procs):
            self.stop(p)

    # ---- control API ---------------------------------------------------------------------------
    def _http(self, req):
        try:
            with urllib.request.urlopen(req, timeout=70) as r:
                return json.load(r)
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{req.full_url}: {e.read().decode()}") from None

    def get(self, what, **q):
        q = "&".join(f"{k}={v}" for k, v in q.items())
        return self._http(urllib.request.Request(f"{self.url}/control/{what}?{q}"))

    def do(self, what, **body):
        return self._http(urllib.request.Request(f"{self.url}/control/{what}", json.dumps(body).encode(), {"Content-Type": "application/json"}))

    def fault(self, kind, **kw):
        return self.do("fault", kind=kind, **kw)

    def last(self):
        ev = self.get("events")["events"]
        return ev[-1]["seq"] if ev else 0

    def user(self, uid, **who):
        return Person(self, uid, who)

    def act(self, chat, what, expect=1, timeout=None, silent=False, **body):
        """Does something as a person, then collects the bot's calls in that chat until it has been quiet for a moment."""
        since, got = self.last(), []
        done = self.do(what, **body)
        end = time.time() + (timeout or self.timeout)
        while time.time() < end:
            wait = self.quiet if len(got) >= expect else end - time.time()
            r = self.get("events", since=since, timeout=round(max(0.05, wait), 2), kind="call", chat=chat)
            if not r["events"]:
                break
            since = r["next"]
            got += [Answer(e) for e in r["events"] if silent or e["method"] != "sendChatAction"]
        if len(got) < expect:
            raise AssertionError(f"bot answered {len(got)} of {expect} after {what} {body}\n" + self.transcript()[-1500:])
        self.result, self.answers = done, got
        return got

    def report(self, **q):
        return self.get("report", **q)

    def problems(self):
        r = self.report()
        return [f"{k}: {x}" for k in ("errors", "lint", "unanswered_queries") for x in r[k]]

    # ---- transcript ------------------------------------------------------------------------------
    def transcript(self):
        out, names = [], {}
        for e in self.get("events")["events"]:
            if e["kind"] == "update":
                (kind, u), = [(k, v) for k, v in e["update"].items() if k != "update_id"]
                who = u.get("from", {})
                names[who.get("id")] = who.get("first_name", "?")
                at = "" if u.get("chat", {}).get("type", "private") == "private" else f" in {u['chat'].get('title')}"
                what = {"message": lambda: self._body(u), "edited_message": lambda: "edits: " + self._body(u), "callback_query": lambda: f"taps ({u['data']})",
                        "inline_query": lambda: f"@bot {u['query']}", "chosen_inline_result": lambda: f"chooses inline result {u['result_id']}",
                        "my_chat_member": lambda: f"bot is now {u['new_chat_member']['status']}"}.get(kind, lambda: kind)()
                out.append(f"{who.get('first_name', '?')}{at} > {what}" + ("" if e["queued"] else "   [not subscribed]"))
            elif e["kind"] == "call" and (e["chat"] is not None or e["status"] != 200):
                p, r, m = e["params"], e["reply"], e["method"]
                to = names.get(e["chat"], e["chat"])
                if e["status"] != 200:
                    line = f"!! {m} refused: {e['status']} {r.get('description')}"
                elif m == "answerCallbackQuery":
                    line = f"toast: {p['text']}" if p.get("text") else "(tap acknowledged)"
                elif m == "answerInlineQuery":
                    rs = json.loads(p["results"]) if isinstance(p["results"], str) else p["results"]
                    line = f"inline results: {[x.get('title', x['type']) for x in rs]}"
                elif isinstance(r, dict):
                    line = ("[edits #%s] " % r.get("message_id") if m.startswith("edit") else "") + self._body(r) + \
                        "".join("\n      " + " ".join(f"[{b['text']}]" for b in row) for row in r.get("reply_markup", {}).get("inline_keyboard", []))
                    line += f"\n      keys: {Answer(e).keys}" if Answer(e).keys else ""
                else:
                    line = f"({m})"
                out.append(f"   bot -> {to}: {line}" + "".join(f"\n      ?? {x}" for x in e.get("lint", [])) + ("   [connection dropped]" if e.get("dropped") else ""))
        return "\n".join(out)

    @staticmethod
    def _body(m):
        parts = [m.get("text") or ""]
        for k in ("photo", "document", "video", "audio", "voice"):
            if k in m:
                d = m[k][-1] if isinstance(m[k], list) else m[k]
                parts.append(f"<{k} {d.get('file_name', '')} {d['file_size']} bytes> {m.get('caption', '')}")
        if "venue" in m:
            parts.append(f"<venue {m['venue']['title']}, {m['venue']['address']}>")
        if "location" in m:
            parts.append(f"<location {m['location']['latitude']:.5f},{m['location']['longitude']:.5f}>")
        return " ".join(filter(None, parts)) or "<" + ",".join(k for k in m if k not in ("message_id", "from", "chat", "date")) + ">"

    def show(self):
        print(self.transcript(), flush=True)


class Person:
    def __init__(self, tg, uid, who):
        self.tg, self.uid, self.who = tg, uid, who

    def _act(self, what, body, kw):
        return self.tg.act(kw.get("chat", self.uid), what, user=self.uid, **self.who, **body, **kw)

    def say(self, text, **kw):
        return self._act("message", {"text": text}, kw)

    def start(self, payload, **kw):
        return self._act("message", {"start": payload}, kw)

    def tap(self, label=None, **kw):
        return self._act("tap", {"label": label} if label else {}, kw)

    def share(self, lat, lon, label=None, **kw):
        loc = {"latitude": lat, "longitude": lon}
        return self._act("tap", {"label": label, "location": loc}, kw) if label else self._act("message", {"location": loc}, kw)

    def send_file(self, name, data, **kw):
        return self._act("message", {"document": {"name": name, "text": data}}, kw)

    def inline(self, query, **kw):
        a = self._act("inline", {"query": query}, kw)
        rs = a[-1]["params"].get("results", "[]")
        return {"id": self.tg.result["inline_query_id"], "results": json.loads(rs) if isinstance(rs, str) else rs, "answers": a}

    def choose(self, inline, index, expect=0, **kw):
        return self._act("choose", {"inline_query_id": inline["id"], "index": index, "expect": expect}, kw)

    def block(self):
        return self._act("member", {"status": "kicked", "expect": 0}, {})


def run_script(tg, lines):
    for line in filter(lambda s: s and not s.startswith("#"), map(str.strip, lines)):
        head, _, rest = line.partition(" ")
        if head == "expect":
            assert any(re.search(rest, a.text + " " + " ".join(a.buttons + a.keys)) for a in tg.answers), f"no answer matches {rest!r}: {[a.text for a in tg.answers]}"
        elif head == "fault":
            tg.do("fault", **json.loads(rest))
        else:
            p, (verb, _, arg) = tg.user(int(head)), rest.partition(" ")
            {"say": lambda: p.say(arg), "tap": lambda: p.tap(arg), "loc": lambda: p.share(*map(float, arg.split())),
             "inline": lambda: p.inline(arg), "start": lambda: p.start(arg), "block": p.block}[verb]()


if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("--bot", required=True)
    a.add_argument("--mode", default="polling", choices=["polling", "webhook"])
    a.add_argument("--log")
    a.add_argument("script")
    o = a.parse_args()
    with Telegram(shlex.split(o.bot), mode=o.mode, log=o.log) as tg:
        try:
            run_script(tg, open(o.script, encoding="utf-8"))
        finally:
            tg.show()
        bad = tg.problems()
        print("problems:", bad or "none", "| log:", tg.log)
    sys.exit(1 if bad else 0)
