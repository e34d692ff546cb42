"""Made-up logs of made-up services, for trying the system out.

`services/NAME.toml` holds what a service writes: its ordinary lines, and incidents with their stack
traces. A placeholder is `{{kind arguments}}`; `{{name:kind arguments}}` remembers its value for the rest
of the incident, where `{{name}}` repeats it.
"""

from .logs import DemoLog, demo_logs

__all__ = ["DemoLog", "demo_logs"]
