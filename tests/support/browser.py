"""A headless Chromium, driven by Selenium, for pages that a test opens."""

import atexit
import functools
import json
import os
import shutil
import time

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Keys as WebDriver has them.
ENTER, SPACE, TAB, HOME, END = "\ue007", " ", "\ue004", "\ue011", "\ue010"
LEFT, UP, RIGHT, DOWN, ESCAPE = "\ue012", "\ue013", "\ue014", "\ue015", "\ue00c"
# What a machine that is to have a browser says, as CI's: there the tests are not skipped.
REQUIRED = os.environ.get("BROWSER_TESTS") == "required"


@functools.cache
def browser():
    """The browser; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    driver = shutil.which("chromedriver")
    try:
        from selenium import webdriver
    except ImportError:
        webdriver = None
    missing = [
        name
        for name, found in (("Selenium", webdriver), ("Chromium", program), ("driver", driver))
        if not found
    ]
    if missing:
        (pytest.fail if REQUIRED else pytest.skip)(f"There is no {' and no '.join(missing)}.")
    return Browser(webdriver, program, driver)


class Browser:
    """One window, whose size, colours and motion a test sets, and what it has complained of."""

    def __init__(self, webdriver, program, driver):
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-dev-shm-usage", "--force-device-scale-factor=1",
        ):  # fmt: skip
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(executable_path=driver)
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_script_timeout(30)
        atexit.register(self.driver.quit)

    def open(self, path, width=1280, height=900, dark=False, calm=True, hash=""):
        """Open a file, or an address, as a window of this size and a reader with these wishes."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        wishes = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if calm else "no-preference",
        }
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        self.complaints(), self.requests()  # of a page before
        self.driver.get(f"{path}{hash}" if "://" in str(path) else f"file://{path}{hash}")
        return self

    def complaints(self):
        """What the console has since been told."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that have since been asked for."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [
            m["params"]["request"]["url"]
            for m in messages
            if m["method"] == "Network.requestWillBeSent"
        ]

    def run(self, script, *args):
        """What a script gives that is the body of a function of `arguments`."""
        return self.driver.execute_script(script, *args)

    def press(self, *keys):
        """Press keys, one after another, where the focus is."""
        from selenium.webdriver import ActionChains

        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def point_at(self, selector):
        """Move the pointer to the middle of an element."""
        from selenium.webdriver import ActionChains

        chain = ActionChains(self.driver, duration=0)
        chain.move_to_element(self.find(selector)).perform()

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def click(self, selector):
        self.find(selector).click()

    def text(self, selector):
        """The text of an element as the page has it."""
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def texts(self, selector):
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        return self.run(script, selector)

    def sticking_out(self, width):
        """What is seen of the page's elements and is not all within the window's width."""
        assert self.run("return document.documentElement.scrollWidth") <= width
        kinds = "button, input, select, textarea, h1, h2, p, .card"
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].filter((e) => {"
            " const b = e.getBoundingClientRect(); return b.width && !e.closest('.unseen')"
            " && (b.x < 0 || b.right > arguments[1]); }).map((e) => e.outerHTML)",
            kinds, width,
        )  # fmt: skip

    def pixels(self):
        """The window as it looks: rows of red, green and blue, from 0 to 255."""
        import io

        import matplotlib.image

        picture = matplotlib.image.imread(io.BytesIO(self.driver.get_screenshot_as_png()))
        return (picture[..., :3] * 255).round().astype(int)


def wait(holds, most=30.0):
    """Wait until something holds, which it does soon."""
    end = time.monotonic() + most
    while not holds():
        assert time.monotonic() < end, "it has not come to hold"
        time.sleep(0.02)
