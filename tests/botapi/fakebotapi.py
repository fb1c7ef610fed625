"""fakebotapi - a strict, scriptable stand-in for the Telegram Bot API on loopback (aiohttp).

  python fakebotapi.py --port 8081 --log calls.jsonl [--spec api.json] [--strict] [--chat-burst 5]
Bot side:     http://127.0.0.1:8081/bot<token>/<method>, files at /file/bot<token>/<path>
Control side: POST /control/{message,tap,inline,choose,member,group,fault,redeliver,reset},
              DELETE /control/fault, GET /control/{events,report,chat/<id>}   (see fakecontrol.py)
Every call, update and webhook delivery is one JSON line in the log. Hard Telegram rules are refused with
Telegram's codes and wording; what Telegram tolerates but is suspicious goes to "lint" (--strict refuses it too).
"""
import argparse
import asyncio
import collections
import itertools
import json
import re
import sys
import time
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, web

import fakecontrol
from botspec import Spec
from fakemethods import MEDIA, Dropped, Methods, Refuse, as_json, bad, flag

DEFAULT_KINDS_OFF = {"chat_member", "message_reaction", "message_reaction_count"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Bot:
    def __init__(self, token, username):
        self.token, self.id = token, int(token.split(":")[0])
        self.user = {"id": self.id, "is_bot": True, "first_name": "Fake Bot", "username": username}
        self.queue, self.wake, self.poll, self.started = [], asyncio.Event(), 0, True
        self.update_ids, self.msg_ids, self.file_ids = itertools.count(1000), itertools.count(1), itertools.count(1)
        self.allowed, self.hook, self.hook_task, self.hook_error = None, None, None, {}
        self.chats, self.msgs, self.inline_msgs, self.files = {}, collections.defaultdict(dict), {}, {}
        self.callbacks, self.inlines, self.kept = {}, {}, {}
        self.sent, self.per_chat = collections.deque(), collections.defaultdict(collections.deque)


class Fake(Methods):
    def __init__(self, o):
        self.o, self.bots, self.faults, self.events, self.users = o, {}, [], [], {}
        self.spec = Spec(o.spec) if o.spec else None
        self.out = open(o.log, "a", buffering=1, encoding="utf-8") if o.log else None
        self.news, self.seq, self.http = asyncio.Condition(), itertools.count(1), None

    # ---- journal -----------------------------------------------------------------------------
    async def note(self, kind, **e):
        line = json.dumps({"seq": next(self.seq), "t": round(time.time(), 3), "kind": kind, **e}, ensure_ascii=False)
        self.events.append(e := json.loads(line))              # a copy: messages change when they are edited
        if self.out:
            self.out.write(line + "\n")
        async with self.news:
            self.news.notify_all()
        return e

    # ---- bot side ----------------------------------------------------------------------------
    def bot(self, token):
        if token not in self.bots:
            if not re.fullmatch(r"\d{3,12}:[\w-]{3,64}", token) or (self.o.token and token not in self.o.token):
                raise Refuse(401, "Unauthorized")
            self.bots[token] = Bot(token, self.o.username)
        return self.bots[token]

    async def handle(self, req):
        token, method, t0 = req.match_info["token"], req.match_info["method"], time.time()
        p, files = dict(req.query), {}
        if req.content_type == "application/json" and req.can_read_body:
            body = await req.json()
            p.update({k: v for k, v in body.items() if v is not None})
        elif req.can_read_body:
            for k, v in (await req.post()).items():
                if isinstance(v, web.FileField):
                    files[k] = {"name": v.filename, "data": v.file.read(), "mime": v.content_type}
                else:
                    p[k] = v
        status, reply, drop = await self.call(token, method, p, files, t0, lambda: req.transport is None)
        if drop and req.transport:
            req.transport.abort()
        return web.json_response(reply, status=status)

    async def call(self, token, method, p, files=None, t0=None, gone=lambda: False):
        files, t0, lint, chat, drop, bot = files or {}, t0 or time.time(), [], None, False, None
        try:
            bot = self.bot(token)
            method = self.spec.lower.get(method.lower(), method) if self.spec else method
            chat = self.about(bot, method, p)
            drop = await self.fault(method, chat)
            if self.spec:
                if method not in self.spec.methods:
                    raise Refuse(404, "Not Found")
                lint = self.spec.request(method, p, set(files))[1]
                if lint and self.o.strict:
                    raise bad("strict: " + "; ".join(lint[:3]))
            fn = getattr(self, "m_" + method.lower(), None)
            kind = method[4:].lower() if method.lower().startswith("send") else ""
            if fn:
                result = fn(bot, p, files, lint)
                result = await result if asyncio.iscoroutine(result) else result
            elif kind in MEDIA:
                result = self.send_media(bot, p, files, lint, kind)
            elif self.spec and self.spec.methods[method].get("returns") == ["Boolean"] and not method.startswith("send"):
                bot.kept[method] = p                      # configuration setters: accepted and remembered
                result = True
            else:
                raise Refuse(404, "Not Found: method not found (not emulated)")
            status, reply = 200, {"ok": True, "result": result}
        except Refuse as e:
            drop = drop or isinstance(e, Dropped)
            status, reply = e.code, {"ok": False, "error_code": e.code, "description": e.description}
            if e.parameters:
                reply["parameters"] = e.parameters
        if self.spec and status == 200 and method in self.spec.methods:        # our own answers must match the spec too
            lint += ["FAKE " + b for b in self.spec.value(reply["result"], self.spec.methods[method]["returns"], "result")]
        if method.lower() != "getupdates" or (status != 200 and not gone()) or drop:      # a stopped bot's last poll is no error
            e = {"method": method, "chat": chat, "params": p, "files": {k: [f["name"], len(f["data"])] for k, f in files.items()},
                 "status": status, "reply": reply.get("result", reply), "ms": round((time.time() - t0) * 1000)}
            await self.note("call", **{**e, **({"lint": lint} if lint else {}), **({"dropped": True} if drop else {})})
        return status, reply, drop

    def about(self, bot, method, p):
        if p.get("chat_id") not in (None, ""):
            return int(p["chat_id"]) if re.fullmatch(r"-?\d+", str(p["chat_id"])) else p["chat_id"]
        q = bot.callbacks.get(str(p.get("callback_query_id"))) or bot.inlines.get(str(p.get("inline_query_id")))
        return q and q["chat"]

    async def fault(self, method, chat):
        """kinds: error {code, description, retry_after} | delay {seconds} | hang {seconds} then drop | drop before doing
        anything | drop_after doing it (the caller cannot know it was done). True = drop when done."""
        for f in self.faults:
            if f.get("method", "*").lower() in ("*", method.lower()) and f.get("chat") in (None, chat):
                f["times"] = f.get("times", 1) - 1
                if f["times"] <= 0:
                    self.faults.remove(f)
                if f["kind"] in ("delay", "hang"):
                    await asyncio.sleep(f.get("seconds", 5))
                if f["kind"] == "error":
                    code = f.get("code", 500)
                    why = f.get("description") or {429: f"Too Many Requests: retry after {f.get('retry_after', 1)}", 502: "Bad Gateway",
                                                   403: "Forbidden: bot was blocked by the user"}.get(code, "Internal Server Error")
                    raise Refuse(code, why, **({"retry_after": f.get("retry_after", 1)} if code == 429 else {}))
                if f["kind"] in ("drop", "hang"):
                    raise Dropped(599, "dropped before processing")
                return f["kind"] == "drop_after"
        return False

    # ---- delivery ----------------------------------------------------------------------------
    async def push(self, bot, kind, payload):
        u = {"update_id": next(bot.update_ids), kind: payload}
        on = kind in bot.allowed if bot.allowed else kind not in DEFAULT_KINDS_OFF
        lint = ["FAKE " + b for b in self.spec.value(u, ["Update"], "update")] if self.spec else []
        await self.note("update", queued=on, update=u, **({"lint": lint} if lint else {}))
        if on:
            bot.queue.append((u, False))
            bot.wake.set()
        return u["update_id"]

    async def m_getupdates(self, bot, p, files, lint):
        if bot.hook:
            raise Refuse(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
        if p.get("allowed_updates"):
            bot.allowed = as_json(p["allowed_updates"], list, "allowed_updates")
        bot.poll += 1
        if bot.started:                                # first poll since the bot introduced itself: it is up, or up again
            bot.started = False
            await self.note("polling", bot=bot.id)
        mine, offset = bot.poll, int(p.get("offset") or 0)
        limit, end = min(max(int(p.get("limit") or 100), 1), 100), time.time() + min(float(p.get("timeout") or 0), 50)
        bot.wake.set()
        if offset < 0:
            bot.queue = bot.queue[offset:]
        else:
            bot.queue = [(u, dup) for u, dup in bot.queue if u["update_id"] >= offset or dup]
        while True:
            if mine != bot.poll:
                raise Refuse(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
            if bot.queue or time.time() >= end or bot.hook:
                got = bot.queue[:limit]
                bot.queue = [x for x in bot.queue if not (x[1] and x in got)]      # forced duplicates go out once
                return [u for u, _ in got]
            bot.wake.clear()
            try:
                await asyncio.wait_for(bot.wake.wait(), max(0.01, end - time.time()))
            except asyncio.TimeoutError:
                pass

    async def m_setwebhook(self, bot, p, files, lint):
        url = p.get("url") or ""
        if not url:
            return await self.m_deletewebhook(bot, p, files, lint)
        u, secret = urlsplit(url), p.get("secret_token")
        if u.scheme != "https" and u.hostname not in LOOPBACK:
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if u.scheme == "https" and (u.port or 443) not in (443, 80, 88, 8443):
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad("secret token contains unallowed characters")
        if secret is None:
            lint.append("setWebhook without secret_token")
        if p.get("allowed_updates"):
            bot.allowed = as_json(p["allowed_updates"], list, "allowed_updates")
        await self.m_deletewebhook(bot, p, files, lint)
        bot.hook, bot.hook_error = {"url": url, "secret": secret, "max": int(p.get("max_connections") or 40)}, {}
        bot.hook_task = asyncio.create_task(self.deliver(bot, bot.hook))
        return True

    async def m_deletewebhook(self, bot, p, files, lint):
        if flag(p.get("drop_pending_updates")):
            bot.queue.clear()
        if bot.hook_task and bot.hook_task is not asyncio.current_task():
            bot.hook_task.cancel()
        bot.hook = bot.hook_task = None
        return True

    def m_getwebhookinfo(self, bot, p, files, lint):
        return {"url": bot.hook["url"] if bot.hook else "", "has_custom_certificate": False, "pending_update_count": len(bot.queue),
                **({"max_connections": bot.hook["max"]} if bot.hook else {}), **({"allowed_updates": bot.allowed} if bot.allowed else {}), **bot.hook_error}

    async def deliver(self, bot, hook):
        wait = 1
        while bot.hook is hook:
            if not bot.queue:
                bot.wake.clear()
                await bot.wake.wait()
                continue
            item, head, status, body = bot.queue[0], {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook["secret"] else {}, 0, ""
            try:
                async with self.http.post(hook["url"], json=item[0], headers=head, timeout=ClientTimeout(total=self.o.hook_timeout)) as r:
                    status, body = r.status, await r.text()
            except (OSError, asyncio.TimeoutError, Exception) as e:        # noqa: BLE001 - any failure is retried, as Telegram does
                body = f"{type(e).__name__}: {e}"
            await self.note("push", update_id=item[0]["update_id"], status=status, body=body[:200])
            if 200 <= status < 300:
                wait = 1
                if item in bot.queue:
                    bot.queue.remove(item)
                if body.startswith("{") and (ans := json.loads(body)).get("method"):
                    await self.call(bot.token, ans.pop("method"), ans)
            else:
                bot.hook_error = {"last_error_date": int(time.time()), "last_error_message": f"Wrong response from the webhook: {status} {body[:60]}"}
                await asyncio.sleep(wait)
                wait = min(wait * 2, 30)

    async def download(self, req):
        bot = self.bots.get(req.match_info["token"])
        f = bot and next((f for f in bot.files.values() if f["path"] == req.match_info["path"]), None)
        return web.Response(body=f["data"]) if f else web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, default in (("port", int, 8081), ("log", str, ""), ("spec", str, ""), ("username", str, "fake_test_bot"),
                                ("chat-burst", int, 5), ("hook-timeout", float, 10), ("callback-ttl", float, 900)):
        a.add_argument("--" + name, type=kind, default=default)
    a.add_argument("--token", action="append", help="accept only this token (repeatable)")
    a.add_argument("--strict", action="store_true", help="refuse what only the spec forbids (unknown parameters ...)")
    a.add_argument("--no-rate", action="store_true")

    async def make():
        fake = Fake(a.parse_args())
        app = web.Application(client_max_size=128 << 20)
        app.router.add_route("*", "/bot{token}/{method}", fake.handle)
        app.router.add_get("/file/bot{token}/{path:.+}", fake.download)
        fakecontrol.Control(fake).routes(app)

        async def client(_):
            fake.http = ClientSession()
            yield
            await fake.http.close()
        app.cleanup_ctx.append(client)
        return app
    web.run_app(make(), host="127.0.0.1", port=a.parse_args().port, print=lambda *_: print("fakebotapi up", flush=True), shutdown_timeout=1)


if __name__ == "__main__":
    sys.exit(main())
