"""One LangChain chain, asked and streamed."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from programs import new_trace


def chain(gateway, trace_parent):
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You are brief."), ("user", "Say something about {topic}.")]
    )
    model = ChatOpenAI(
        base_url=gateway.url + "/v1",
        api_key="sk-none",
        model="mock-gpt",
        max_retries=0,
        default_headers={"traceparent": trace_parent},
    )
    return prompt | model | StrOutputParser()


def test_a_chain(gateway):
    parent, trace_id, _ = new_trace()
    asked = chain(gateway, parent).invoke({"topic": "birds"})
    streamed = "".join(chain(gateway, parent).stream({"topic": "birds"}))
    assert asked and streamed == asked
    spans = gateway.sink.trace(trace_id, count=6)
    assert [s.name for s in spans].count("chat mock-gpt") == 2
    assert all(
        s.attributes["gen_ai.usage.output_tokens"] > 0 for s in spans if s.name == "chat mock-gpt"
    )
