"""A visitor's browser without its screen: the websocket of a studio's pages, their widgets, and the addresses beside them.

It speaks what Streamlit's own pages speak (``streamlit.proto``): it runs a page, presses buttons by their label, lets the parts
of a page that renew themselves do so, fetches sound and downloads files.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

T = TypeVar("T")
PATIENCE_S = 600.0
MOST_BYTES = 200 * 2**20
_SOUND = re.compile(rb"sound/[\w-]{20,}")
_FINISHED = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY


class BrowserSession:
    """One visitor's window.

    Args:
        address: of the studio, such as http://127.0.0.1:8501.

    Attributes:
        elements: what the page shows now, by its place.
        answers: seconds from each act to the page that answers it.
        problems: what the page showed as errors or exceptions.
    """

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._socket: ClientConnection | None = None
        self._cookie = ""
        self._query = self._page = ""
        self._pages: dict[str, str] = {}
        self._seen: set[tuple[int, ...]] = set()
        self._whole_runs = 0
        self._is_whole = self._is_open = True
        self._is_running = False
        self._renewals: dict[str, asyncio.Task] = {}
        self._change = asyncio.Condition()
        self._reading: asyncio.Task | None = None
        self.elements: dict[tuple[int, ...], Any] = {}
        self.answers: list[float] = []
        self.problems: list[str] = []

    async def open(self) -> None:
        """Opens the first page, as a browser that comes for the first time."""
        await self.get("_stcore/health")
        token = self._cookie.partition("=")[2]
        self._socket = await connect(
            f"ws{self._address.removeprefix('http')}/_stcore/stream",
            subprotocols=["streamlit", token],
            additional_headers={"Cookie": self._cookie, "Origin": self._address},
            max_size=MOST_BYTES,
            open_timeout=PATIENCE_S,
            ping_interval=None,
        )
        self._reading = asyncio.create_task(self._read())
        await self.act()

    async def close(self) -> None:
        """Closes the window."""
        for task in (*self._renewals.values(), *filter(None, [self._reading])):
            task.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def act(self, *states: WidgetState, page: str = "") -> float:
        """Runs the page with these changes of its widgets, or another page; returns the seconds until it has answered.

        Args:
            states: of widgets that were used.
            page: the title of the page to go to; "" to stay.
        """
        before, begin = self._whole_runs, time.monotonic()
        if page:
            self._page = self._pages[page]
        await self._run(*states)
        await self.until(lambda: self._whole_runs > before, f"an answer of {page or 'the page'}")
        self.answers.append(time.monotonic() - begin)
        return self.answers[-1]

    async def press(self, label: str) -> float:
        """Presses the button of this label; returns the seconds until the page has answered."""
        return await self.act(WidgetState(id=self.widget(label).id, trigger_value=True))

    async def fill(self, label: str, number: float) -> float:
        """Types a number into the field of this label; returns the seconds until the page has answered."""
        field = self.widget(label)
        state = WidgetState(id=field.id)
        if field.data_type == field.INT:
            state.int_value = int(number)
        else:
            state.double_value = number
        return await self.act(state)

    def widget(self, label: str) -> Any:
        """Returns the widget of this label.

        Raises:
            LookupError: the page has none.
        """
        for element in list(self.elements.values()):
            if getattr(element, "label", None) == label and getattr(element, "id", ""):
                return element
        labels = sorted({str(each.label) for each in self.elements.values() if getattr(each, "label", "")})
        raise LookupError(f"The page has no '{label}', but {', '.join(labels)}.")

    def has(self, label: str) -> bool:
        """Whether the page stands still and has a widget of this label that can be used, or offers a file under it."""
        try:
            if label in self.offers():
                return not self._is_running
            return not self._is_running and not getattr(self.widget(label), "disabled", False)
        except LookupError:
            return False

    def sounds(self) -> list[str]:
        """Returns the addresses of sound that the page shows, relative to the studio's."""
        found = [_SOUND.findall(element.SerializeToString()) for element in list(self.elements.values())]
        return list(dict.fromkeys(each.decode() for some in found for each in some))

    def offers(self) -> dict[str, tuple[str, str]]:
        """Returns name and address of each file that the page offers, by the label of its button."""
        for element in list(self.elements.values()):
            data = getattr(element, "json", "")
            if isinstance(data, str) and '"offers"' in data:
                return {each["label"]: (each["name"], each["address"]) for each in json.loads(data)["offers"]}
        return {}

    async def download(self, label: str) -> bytes:
        """Returns the file that the button of this label offers, once it is made, as the page asks for it.

        Raises:
            OSError: the studio could not make it.
        """
        name, address = self.offers()[label]
        await self._is_made(address, "state")
        return await self.get(f"{address}/{urllib.parse.quote(name)}")

    async def get(self, path: str) -> bytes:
        """Returns what the studio gives under an address relative to its own.

        Raises:
            OSError: it refuses.
        """
        return await asyncio.to_thread(self._get, path)

    async def until(self, condition: Callable[[], T], what: str, seconds: float = PATIENCE_S) -> T:
        """Returns the first true value of a condition, which is asked whenever the page changes.

        Raises:
            TimeoutError: it did not come.
            ConnectionError: the studio closed the page first.
        """
        async with self._change:
            try:
                await asyncio.wait_for(self._change.wait_for(lambda: condition() or not self._is_open), seconds)
            except TimeoutError:
                raise TimeoutError(f"after {seconds:.0f} s still waiting for {what}") from None
        if not (found := condition()):
            raise ConnectionError(f"the studio closed the page before {what}")
        return found

    async def sound(self, address: str) -> bytes:
        """Returns the mix of a sound, once it is made, as the player asks for it.

        Raises:
            OSError: it cannot be made.
        """
        await self._is_made(address, "mix")
        return await self.get(f"{address}/mix.ogg")

    async def _is_made(self, address: str, sign: str) -> None:
        """Waits until what lies at an address is made: ``sign`` is what it then tells of itself."""
        begin = time.monotonic()
        while time.monotonic() - begin < PATIENCE_S:
            told = json.loads(await self.get(address))
            if told["state"] == "failed":
                raise OSError(told["message"])
            if told[sign] and told[sign] != "making":
                return
            await asyncio.sleep(0.5)
        raise TimeoutError(f"{address.partition('/')[0]} did not come")

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(f"{self._address}/{path}", headers={"Cookie": self._cookie})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
                for cookie in reply.headers.get_all("Set-Cookie") or ():
                    if cookie.startswith("_streamlit_xsrf=") and not self._cookie:
                        self._cookie = cookie.partition(";")[0]
                return reply.read()
        except urllib.error.HTTPError as error:
            raise OSError(f"{path.partition('/')[0]} refused: {error}") from None

    async def _send(self, message: BackMsg) -> None:
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())

    async def _run(self, *states: WidgetState, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.fragment_id = self._query, self._page, fragment
        state.is_auto_rerun = bool(fragment)
        state.widget_states.widgets.extend(states)
        await self._send(message)

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for data in self._socket:
                message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
                async with self._change:
                    self._take(message)
                    self._change.notify_all()
        finally:
            async with self._change:
                self._is_open = False
                self._change.notify_all()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._is_whole = not message.metadata.run.fragment_ids
            self._seen = set()
            self._is_running = True
            if self._is_whole:
                self._stop_renewals(list(self._renewals))
        elif kind == "navigation":
            self._pages = {page.page_name: page.page_script_hash for page in message.navigation.app_pages}
            self._page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
            if fragment not in self._renewals:
                self._renewals[fragment] = asyncio.create_task(self._renew(fragment, interval))
        elif kind == "stop_auto_rerun":
            self._stop_renewals(message.stop_auto_rerun.fragment_ids)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            shown = getattr(element, str(element.WhichOneof("type")))
            place = tuple(message.metadata.delta_path)
            self.elements[place] = shown
            self._seen.add(place)
            if element.WhichOneof("type") == "exception":
                self.problems.append(f"{shown.type}: {shown.message}")
            elif element.WhichOneof("type") == "alert" and shown.format == shown.ERROR:
                self.problems.append(shown.body)
        elif kind == "script_finished":
            self._is_running = False
            if message.script_finished == _FINISHED and self._is_whole:
                self.elements = {place: shown for place, shown in self.elements.items() if place in self._seen}
                self._whole_runs += 1

    async def _renew(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._run(fragment=fragment)

    def _stop_renewals(self, fragments: Iterable[str]) -> None:
        for fragment in fragments:
            if fragment in self._renewals:
                self._renewals.pop(fragment).cancel()
