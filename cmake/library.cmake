# What is installed: libguanxi (shared), its one header, pkg-config and CMake config files, and the
# program.

if(TARGET gx_api)
    add_library(guanxi_shared SHARED)
    set_target_properties(guanxi_shared PROPERTIES OUTPUT_NAME guanxi VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE C)
    target_include_directories(guanxi_shared INTERFACE $<INSTALL_INTERFACE:include>)
    foreach(room IN ITEMS base codec store import csr snapshot pass engine models datasets api)
        if(TARGET gx_${room})
            target_sources(guanxi_shared PRIVATE $<TARGET_OBJECTS:gx_${room}>)
        endif()
    endforeach()
    target_link_libraries(guanxi_shared PRIVATE gx_flags PkgConfig::LMDB PkgConfig::XXHASH
        PkgConfig::MSGPACK PkgConfig::JANSSON PkgConfig::ZLIB PkgConfig::ZSTD PkgConfig::IGRAPH
        PkgConfig::OPENBLAS)
    install(TARGETS guanxi_shared EXPORT guanxi-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(FILES include/guanxi.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(EXPORT guanxi-targets NAMESPACE guanxi:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/guanxi)
    include(CMakePackageConfigHelpers)
    file(WRITE "${PROJECT_BINARY_DIR}/guanxi-config.cmake"
        "include(\"\${CMAKE_CURRENT_LIST_DIR}/guanxi-targets.cmake\")\n")
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/guanxi-config-version.cmake"
        COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/guanxi-config.cmake"
        "${PROJECT_BINARY_DIR}/guanxi-config-version.cmake"
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/guanxi)
    configure_file(cmake/guanxi.pc.in "${PROJECT_BINARY_DIR}/guanxi.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/guanxi.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

if(EXISTS "${PROJECT_SOURCE_DIR}/cli/main.c" AND TARGET gx_cli)
    add_executable(guanxi cli/main.c)
    target_link_libraries(guanxi PRIVATE gx_cli)
    install(TARGETS guanxi RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

    # The man page and the completion are the program's own words.
    add_custom_command(TARGET guanxi POST_BUILD
        COMMAND $<TARGET_FILE:guanxi> help man -o "${PROJECT_BINARY_DIR}/guanxi.1"
        COMMAND $<TARGET_FILE:guanxi> help completion -o "${PROJECT_BINARY_DIR}/guanxi.bash"
        VERBATIM)
    install(FILES "${PROJECT_BINARY_DIR}/guanxi.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES "${PROJECT_BINARY_DIR}/guanxi.bash" RENAME guanxi
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
