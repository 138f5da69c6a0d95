"""What the supervisor says at the terminal, in the language of the terminal."""

import os

TEXTS = {
    "en": {
        "port_taken": "Port {port} on {host} is taken by another program. Stop it, or choose another: --port {other}",
        "cannot_listen": "Can't listen on {host}:{port}: {reason}",
        "starting": "Starting {name}",
        "recovering": "{name} isn't ready after {seconds:.0f} s; it may be recovering from a crash",
        "migrating": "Bringing the database's schema up to date",
        "migration_failed": "The migration failed ({how}); nothing was started. Its own lines are above.",
        "died": "{name} has stopped ({how}); starting it again in {seconds:.1f} s",
        "cannot_start": "{name} can't be started: {reason}",
        "ready": "Ready after {seconds:.1f} s. Stop with Ctrl-C.",
        "address": "Pages {url}/   API {url}/v1   API docs {url}/docs",
        "data": "Data in {folder}; logs of the database and the cache in {folder}/logs",
        "not_ready": "Not ready after {seconds:.0f} s; still trying. The lines above should say why.",
        "hook_failed": "{what} failed: {reason}",
        "stopping": "Stopping",
        "stopped": "Stopped",
        "killed": "{name} didn't stop in time and was killed",
        "demo_operator": "Operator's console at {url}/operator: the same e-mail and password",
        "demo_log_in": "Demo chains, one log-in at {url}/login: e-mail {email}, password {password}",
        "demo_key": "    {template:<10} API key {key}  {company}",
        "demo_try": '    try        curl -H "Authorization: Bearer {key}" "{url}/v1/members?limit=3"',
        "demo_filling": "The demo chains live through their last {days} days now, day by day; look in whenever you "
        "like. Until that is said to be complete their clocks stand in the past, and so would what you record there; "
        "a chain of your own that signs up now has today's date.",
        "demo_filled": "The demo chains' history is complete after {seconds:.0f} s",
        "demo_strange": "This data folder's demo chains aren't in the database. "
        "To make new ones, delete {file} and start again.",
        "sign_up": "No chain yet? README.md shows how to sign up: POST {url}/v1/signup",
    },
    "zh": {
        "port_taken": "{host} 的端口 {port} 已被其他程序占用。请先停止它，或换一个端口：--port {other}",
        "cannot_listen": "无法监听 {host}:{port}：{reason}",
        "starting": "正在启动 {name}",
        "recovering": "{name} 启动已 {seconds:.0f} 秒，可能正在从崩溃中恢复",
        "migrating": "正在更新数据库结构",
        "migration_failed": "数据库迁移失败（{how}），服务未启动。原因见上方日志。",
        "died": "{name} 已停止（{how}），{seconds:.1f} 秒后重新启动",
        "cannot_start": "无法启动 {name}：{reason}",
        "ready": "已就绪，用时 {seconds:.1f} 秒。按 Ctrl-C 停止。",
        "address": "页面 {url}/   API {url}/v1   API 文档 {url}/docs",
        "data": "数据在 {folder}；数据库和缓存的日志在 {folder}/logs",
        "not_ready": "{seconds:.0f} 秒后仍未就绪，继续尝试。原因应见上方日志。",
        "hook_failed": "{what} 失败：{reason}",
        "stopping": "正在停止",
        "stopped": "已停止",
        "killed": "{name} 未能及时停止，已强制结束",
        "demo_operator": "运营控制台 {url}/operator：邮箱和密码同上",
        "demo_log_in": "演示连锁，统一登录 {url}/login：邮箱 {email}，密码 {password}",
        "demo_key": "    {template:<10} API 密钥 {key}  {company}",
        "demo_try": '    试一试     curl -H "Authorization: Bearer {key}" "{url}/v1/members?limit=3"',
        "demo_filling": "演示连锁正在逐日生成最近 {days} 天的历史，期间可随时查看。"
        "生成完成之前，它们的时钟仍在过去，此时录入的消费也会记在过去；自己注册的新连锁不受影响。",
        "demo_filled": "演示连锁的历史已全部生成，用时 {seconds:.0f} 秒",
        "demo_strange": "数据库中没有此数据目录的演示连锁。如需新建，请删除 {file} 后重新启动。",
        "sign_up": "还没有连锁？注册方法见 README.md：POST {url}/v1/signup",
    },
}


def text(code: str, **params: object) -> str:
    """The message `code` with its parameters; Chinese where the terminal's locale is, else English."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    language = "zh" if locale.lower().startswith("zh") else "en"
    return TEXTS[language][code].format(**params)
