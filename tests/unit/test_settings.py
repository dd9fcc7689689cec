from __future__ import annotations

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from ai_server.settings import Settings, SettingsError, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    """The example with every setting switched on."""
    path = tmp_path / ".env"
    path.write_text(re.sub(r"(?m)^#(?=[A-Z_]+=)", "", EXAMPLE.read_text()))
    return path


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Settings.model_fields, "credentials_directory"):
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_example_documents_every_setting_and_nothing_else(uncommented):
    assert {name.lower() for name in dotenv_values(uncommented)} == set(Settings.model_fields)


def test_the_example_states_the_defaults(uncommented):
    assert load_settings(uncommented) == load_settings(None)


def test_a_copy_of_the_example_sets_nothing():
    assert not load_settings(EXAMPLE).model_fields_set


def test_all_wrong_values_are_reported_together_with_what_is_allowed(monkeypatch, tmp_path):
    monkeypatch.setenv("MQTT_PORT", "70000")
    monkeypatch.setenv("LLM_TOP_P", "0")
    (tmp_path / ".env").write_text("LLM_THREADS=many\nNAILA_LOG_FORMAT=xml\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / ".env")
    assert caught.value.problems == [
        "MQTT_PORT='70000' is not allowed: a whole number from 1 to 65535",
        "LLM_TOP_P='0' is not allowed: a number above 0, up to 1 (off)",
        "LLM_THREADS='many' is not allowed: a whole number from 1 to 1024, or auto",
        "NAILA_LOG_FORMAT='xml' is not allowed: console or json",
    ]


def test_a_secret_is_never_shown(monkeypatch):
    monkeypatch.setenv("MQTT_PASSWORD", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("MQTT_USERNAME", "naila")
    assert "hunter2" not in repr(load_settings(None))


def test_a_misspelt_name_in_the_file_is_reported_with_the_right_one(tmp_path):
    (tmp_path / ".env").write_text("LLM_TEMPRATURE=0.5\n")
    with pytest.raises(SettingsError, match=r"LLM_TEMPRATURE.*did you mean LLM_TEMPERATURE"):
        load_settings(tmp_path / ".env")


def test_zero_is_a_value(monkeypatch):
    monkeypatch.setenv("LLM_TEMPERATURE", "0.0")
    monkeypatch.setenv("LLM_GPU_LAYERS", "0")
    settings = load_settings(None)
    assert settings.llm_temperature == 0
    assert settings.llm_gpu_layers == 0
    assert settings.explicit("llm_temperature")
    assert not settings.explicit("llm_top_p")


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("MQTT_PORT=2000\nMQTT_HOST=file\n")
    monkeypatch.setenv("MQTT_PORT", "3000")
    settings = load_settings(tmp_path / ".env")
    assert (settings.mqtt_host, settings.mqtt_port) == ("file", 3000)


def test_an_env_file_that_is_not_text_is_reported(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read as UTF-8"):
        load_settings(tmp_path / ".env")


def test_a_client_certificate_needs_its_key(monkeypatch):
    monkeypatch.setenv("MQTT_TLS_CERT_FILE", "brain.pem")
    with pytest.raises(SettingsError, match="MQTT_TLS_KEY_FILE go together"):
        load_settings(None)


def test_cells_for_less_than_a_context_are_refused_where_both_are_set(monkeypatch):
    monkeypatch.setenv("LLM_KV_CELLS", "2048")
    assert load_settings(None).llm_kv_cells == 2048
    monkeypatch.setenv("LLM_CONTEXT_SIZE", "4096")
    with pytest.raises(SettingsError, match="LLM_KV_CELLS=2048 is less than LLM_CONTEXT_SIZE=4096"):
        load_settings(None)


@pytest.mark.parametrize("name", ["LLM_KV_CELLS", "LLM_PARALLEL", "LLM_SPILL_MB"])
def test_what_the_engine_is_given_can_be_left_to_the_plan(monkeypatch, name):
    monkeypatch.setenv(name, "Auto")
    assert getattr(load_settings(None), name.lower()) is None
    monkeypatch.setenv(name, "-1")
    with pytest.raises(SettingsError, match=f"{name}='-1' is not allowed: .*, or auto$"):
        load_settings(None)


@pytest.mark.parametrize(("given", "expected"), [("", "naila-tiny.gguf"), ("none", None), ("/m/x.gguf", "x.gguf")])
def test_the_model_is_the_embedded_one_unless_a_path_or_none_is_given(monkeypatch, given, expected):
    monkeypatch.setenv("LLM_MODEL_PATH", given)
    path = load_settings(None).model_path
    assert (path.name if path else None) == expected


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory in which systemd puts what `LoadCredential=` names."""
    directory = tmp_path / "credentials"
    directory.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))
    return directory


def test_secrets_come_from_systemds_credentials(monkeypatch, credentials):
    (credentials / "mqtt_password").write_text("let me in \n")
    (credentials / "mqtt_tls_key_file").write_text("the key")
    monkeypatch.setenv("MQTT_USERNAME", "naila")
    monkeypatch.setenv("MQTT_TLS_CERT_FILE", "naila.pem")
    settings = load_settings(None)
    assert settings.mqtt_password is not None
    assert settings.mqtt_password.get_secret_value() == "let me in "
    assert settings.mqtt_tls_key_file == credentials / "mqtt_tls_key_file"


def test_a_secret_in_the_environment_or_the_file_wins_over_a_credential_and_an_empty_one_does_not(
    monkeypatch, credentials, tmp_path
):
    (credentials / "mqtt_password").write_text("credential")
    monkeypatch.setenv("MQTT_USERNAME", "naila")
    expected = {"MQTT_PASSWORD=file": "file", "MQTT_PASSWORD=": "credential", "": "credential"}
    for line, password in expected.items():
        (tmp_path / ".env").write_text(f"{line}\n")
        settings = load_settings(tmp_path / ".env")
        assert settings.mqtt_password is not None
        assert settings.mqtt_password.get_secret_value() == password


def test_no_other_file_among_the_credentials_is_a_setting(credentials):
    (credentials / "mqtt_host").write_text("elsewhere")
    assert load_settings(None).mqtt_host == "localhost"


def test_a_credential_that_is_not_text_is_named_and_not_shown(credentials):
    (credentials / "mqtt_password").write_bytes(b"\xffsecret")
    with pytest.raises(SettingsError, match=r"credentials/mqtt_password cannot be read as UTF-8") as caught:
        load_settings(None)
    assert "secret" not in str(caught.value)


def test_the_url_of_a_server_is_taken_and_a_wrong_one_is_refused_without_being_shown(monkeypatch):
    url = "postgresql://naila:hush@db.example:5432/naila"
    monkeypatch.setenv("NAILA_DATABASE_URL", url)
    given = load_settings(None).naila_database_url
    assert given is not None
    assert given.get_secret_value() == url
    monkeypatch.setenv("NAILA_DATABASE_URL", "mysql://naila:hush@db.example/naila")
    with pytest.raises(SettingsError, match=r"NAILA_DATABASE_URL=.* is not allowed: postgresql://USER@HOST") as caught:
        load_settings(None)
    assert "hush" not in str(caught.value)
